using System.Buffers;
using System.Buffers.Text;
using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Handshake;

/// <summary>Gathers what <see cref="UpgradeRequest"/> needs while the lines of a request head go by.</summary>
internal ref struct UpgradeHead
{
    private const int KeyBytes = 16;
    private const int KeyBase64Bytes = 24;

    public ReadOnlySpan<byte> Query;
    public ReadOnlySpan<byte> Key;
    public ReadOnlySpan<byte> Protocols;
    public ReadOnlySpan<byte> Authorization;
    public ReadOnlySpan<byte> Origin;
    public StompVersion? Subprotocol;
    private ReadOnlySpan<byte> _authority;
    private ReadOnlySpan<byte> _host;
    private ReadOnlySpan<byte> _version;
    private int _keys;
    private int _versions;
    private int _hosts;
    private int _origins;
    private int _authorizations;
    private int _protocolLines;
    private bool _isAbsolute;
    private bool _getOverHttp11;
    private bool _upgradeIsWebSocket;
    private bool _connectionIsUpgrade;
    private bool _hasBody;

    /// <summary>RFC 9112 section 3.2.2: a target that names its host goes before the field.</summary>
    public readonly ReadOnlySpan<byte> Host => _isAbsolute ? _authority : _host;

    public readonly bool IsWebSocketUpgrade => _getOverHttp11 && _upgradeIsWebSocket && _connectionIsUpgrade;

    /// <summary><c>request-line = method SP request-target SP HTTP-version</c> (RFC 9112 section 3).</summary>
    public bool RequestLine(ReadOnlySpan<byte> line)
    {
        if (!HttpLine.TrySplitRequest(line, out var method, out var target, out var version))
        {
            return false;
        }

        var http11 = version.SequenceEqual("HTTP/1.1"u8);
        if (!http11 && !version.SequenceEqual("HTTP/1.0"u8))
        {
            return false;
        }

        // RFC 9110 section 7.8: Upgrade in an HTTP/1.0 request must be ignored.
        _getOverHttp11 = http11 && method.SequenceEqual("GET"u8);
        var mark = target.IndexOf((byte)'?');
        Query = mark < 0 ? default : target[(mark + 1)..];
        _authority = RequestTarget.Authority(target);
        _isAbsolute = target[0] != (byte)'/';
        return true;
    }

    /// <summary>
    /// <c>field-line = field-name ":" OWS field-value OWS</c> (RFC 9112 section 5). obs-fold begins with a space and so has no name.
    /// </summary>
    public bool FieldLine(ReadOnlySpan<byte> line)
    {
        if (!HttpLine.TrySplitField(line, out var name, out var value))
        {
            return false;
        }

        Field(name, value);
        return true;
    }

    /// <summary>
    /// What is wrong with an upgrade whose lines were all well formed (RFC 6455 section 4.2.1). What decides who the client is must
    /// not be said twice, and a body would be taken for frames.
    /// </summary>
    public readonly ProtocolFault Judge()
    {
        if (_hosts != 1 || !RequestTarget.IsHost(_host) || (_isAbsolute && !RequestTarget.NamesHost(_authority))
            || _origins > 1 || _authorizations > 1 || _hasBody)
        {
            return ProtocolFault.BadRequestHead;
        }

        if (_versions != 1 || !_version.SequenceEqual("13"u8))
        {
            return ProtocolFault.BadUpgradeVersion;
        }

        return _keys == 1 && IsKey(Key) ? ProtocolFault.None : ProtocolFault.BadUpgradeKey;
    }

    private void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(name, "Sec-WebSocket-Key"u8))
        {
            Once(ref _keys, ref Key, value);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Sec-WebSocket-Version"u8))
        {
            Once(ref _versions, ref _version, value);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Host"u8))
        {
            Once(ref _hosts, ref _host, value);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Origin"u8))
        {
            Once(ref _origins, ref Origin, value);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Authorization"u8))
        {
            Once(ref _authorizations, ref Authorization, value);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Sec-WebSocket-Protocol"u8))
        {
            // RFC 6455 section 11.3.4: may appear several times, which is the same as one list.
            Once(ref _protocolLines, ref Protocols, value);
            Subprotocol = SubprotocolChoice.Newer(Subprotocol, SubprotocolChoice.Best(value));
        }
        else if (Ascii.EqualsIgnoreCase(name, "Upgrade"u8))
        {
            _upgradeIsWebSocket |= TokenList.Contains(value, "websocket"u8);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Connection"u8))
        {
            _connectionIsUpgrade |= TokenList.Contains(value, "upgrade"u8);
        }
        else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
        {
            _hasBody = true;
        }
        else if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
        {
            _hasBody |= value.IsEmpty || value.ContainsAnyExcept((byte)'0');
        }
    }

    private static void Once(ref int count, ref ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        if (count++ == 0)
        {
            field = value;
        }
    }

    private static bool IsKey(ReadOnlySpan<byte> key)
    {
        Span<byte> decoded = stackalloc byte[KeyBase64Bytes];
        return key.Length == KeyBase64Bytes
            && Base64.DecodeFromUtf8(key, decoded, out _, out var written) == OperationStatus.Done
            && written == KeyBytes;
    }
}
