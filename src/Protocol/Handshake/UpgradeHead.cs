using System.Buffers;
using System.Buffers.Text;
using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Handshake;

/// <summary>Gathers what <see cref="UpgradeRequest"/> needs while the lines of a request head go by.</summary>
internal ref struct UpgradeHead
{
    // RFC 9110 section 5.6.2: tchar.
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // RFC 9110 section 5.5: field content is VCHAR, obs-text, SP and HTAB.
    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127,
    ]);

    private const int KeyBytes = 16;
    private const int KeyBase64Bytes = 24;

    public ReadOnlySpan<byte> Query;
    public ReadOnlySpan<byte> Key;
    public ReadOnlySpan<byte> Protocols;
    public ReadOnlySpan<byte> Authorization;
    public ReadOnlySpan<byte> Origin;
    public ReadOnlySpan<byte> Host;
    public StompVersion? Subprotocol;
    private ReadOnlySpan<byte> _version;
    private int _keys;
    private int _versions;
    private int _hosts;
    private int _origins;
    private int _authorizations;
    private int _protocolLines;
    private bool _getOverHttp11;
    private bool _upgradeIsWebSocket;
    private bool _connectionIsUpgrade;
    private bool _hasBody;

    public readonly bool IsWebSocketUpgrade => _getOverHttp11 && _upgradeIsWebSocket && _connectionIsUpgrade;

    /// <summary><c>request-line = method SP request-target SP HTTP-version</c> (RFC 9112 section 3).</summary>
    public bool RequestLine(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last == first)
        {
            return false;
        }

        var method = line[..first];
        var target = line[(first + 1)..last];
        var version = line[(last + 1)..];
        var http11 = version.SequenceEqual("HTTP/1.1"u8);
        if (method.ContainsAnyExcept(TokenBytes) || target.IsEmpty || target.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)
            || (!http11 && !version.SequenceEqual("HTTP/1.0"u8)))
        {
            return false;
        }

        // RFC 9110 section 7.8: Upgrade in an HTTP/1.0 request must be ignored.
        _getOverHttp11 = http11 && method.SequenceEqual("GET"u8);
        var mark = target.IndexOf((byte)'?');
        Query = mark < 0 ? default : target[(mark + 1)..];
        return true;
    }

    /// <summary><c>field-line = field-name ":" OWS field-value OWS</c> (RFC 9112 section 5). obs-fold begins with a space and so has no name.</summary>
    public bool FieldLine(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes) || line[(colon + 1)..].ContainsAny(ControlBytes))
        {
            return false;
        }

        Field(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
        return true;
    }

    /// <summary>
    /// What is wrong with an upgrade whose lines were all well formed (RFC 6455 section 4.2.1). What decides who the client is must
    /// not be said twice, and a body would be taken for frames.
    /// </summary>
    public readonly ProtocolFault Judge()
    {
        if (_hosts != 1 || _origins > 1 || _authorizations > 1 || _hasBody)
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
            Once(ref _hosts, ref Host, value);
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
            _hasBody |= !value.SequenceEqual("0"u8);
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
