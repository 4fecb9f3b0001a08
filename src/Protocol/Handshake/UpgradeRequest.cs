using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Handshake;

/// <summary>
/// The request head of a WebSocket upgrade (RFC 6455 section 4.2.1): slices of the caller's buffer, valid as long as that is.
/// </summary>
public readonly ref struct UpgradeRequest
{
    /// <summary>What follows <c>?</c> in the target, still percent-encoded; empty if there is none.</summary>
    public ReadOnlySpan<byte> Query { get; private init; }

    /// <summary><c>Sec-WebSocket-Key</c>, base64 of 16 bytes.</summary>
    public ReadOnlySpan<byte> Key { get; private init; }

    /// <summary>The first <c>Sec-WebSocket-Protocol</c> line; <see cref="Subprotocol"/> looked at all of them.</summary>
    public ReadOnlySpan<byte> Protocols { get; private init; }

    /// <summary><c>Authorization</c> with its scheme.</summary>
    public ReadOnlySpan<byte> Authorization { get; private init; }

    /// <summary><c>Origin</c>; empty for clients that are not browsers.</summary>
    public ReadOnlySpan<byte> Origin { get; private init; }

    /// <summary>The host that the client means: the target's, if it names one, else <c>Host</c>.</summary>
    public ReadOnlySpan<byte> Host { get; private init; }

    /// <summary>
    /// The newest STOMP version offered on any <c>Sec-WebSocket-Protocol</c> line; null if none is known or none was offered.
    /// </summary>
    public StompVersion? Subprotocol { get; private init; }

    /// <summary>
    /// A GET over HTTP/1.1 whose <c>Upgrade</c> has the token websocket and whose <c>Connection</c> has the token upgrade.
    /// </summary>
    public bool IsWebSocketUpgrade { get; private init; }

    /// <summary>
    /// The token of an <c>Authorization: Bearer</c> (RFC 6750 section 2.1; the scheme in any case); empty if there is none.
    /// </summary>
    public ReadOnlySpan<byte> BearerToken
    {
        get
        {
            var scheme = "Bearer "u8;
            return Authorization.Length > scheme.Length && Ascii.EqualsIgnoreCase(Authorization[..scheme.Length], scheme)
                ? Authorization[scheme.Length..].TrimStart((byte)' ')
                : default;
        }
    }

    /// <summary>
    /// Reads a whole request head, to the empty line that ends it. <see cref="ParseStatus.Done"/> with <see cref="IsWebSocketUpgrade"/>
    /// false means an ordinary request: nothing of it is judged beyond its lines, and the caller passes the same bytes on.
    /// </summary>
    /// <param name="buffer">The connection's bytes from its first on; call again with more appended after NeedMore.</param>
    /// <param name="limits">For <see cref="ProtocolLimits.UpgradeHeadBytes"/>.</param>
    /// <param name="request">Slices of <paramref name="buffer"/>; empty unless Done.</param>
    /// <param name="consumed">Bytes of the head, its empty line included; 0 unless Done.</param>
    /// <param name="fault">BadRequestHead, RequestHeadTooLarge, BadUpgradeVersion or BadUpgradeKey.</param>
    public static ParseStatus TryRead(
        ReadOnlySpan<byte> buffer, ProtocolLimits limits, out UpgradeRequest request, out int consumed, out ProtocolFault fault)
    {
        request = default;
        consumed = 0;
        var head = default(UpgradeHead);
        var status = ReadLines(buffer, limits.UpgradeHeadBytes, ref head, out var headBytes, out fault);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (head.IsWebSocketUpgrade)
        {
            fault = head.Judge();
            if (fault != ProtocolFault.None)
            {
                return ParseStatus.Malformed;
            }
        }

        consumed = headBytes;
        request = new UpgradeRequest
        {
            Query = head.Query,
            Key = head.Key,
            Protocols = head.Protocols,
            Authorization = head.Authorization,
            Origin = head.Origin,
            Host = head.Host,
            Subprotocol = head.Subprotocol,
            IsWebSocketUpgrade = head.IsWebSocketUpgrade,
        };
        return ParseStatus.Done;
    }

    /// <summary>
    /// The first value of the query parameter <paramref name="name"/>, decoded as <c>application/x-www-form-urlencoded</c>.
    /// False if it is absent, has a bad escape or does not fit into <paramref name="destination"/> (the encoded length always fits).
    /// </summary>
    public bool TryQuery(ReadOnlySpan<byte> name, Span<byte> destination, out int written) =>
        QueryValue.TryFind(Query, name, destination, out written);

    // HTTP-message = [ empty lines ] start-line CRLF *( field-line CRLF ) CRLF   (RFC 9112 section 2.1)
    // A line is judged when its LF is there, and never past the limit, so that the answer does not depend on how the bytes came.
    private static ParseStatus ReadLines(
        ReadOnlySpan<byte> buffer, int bytesMax, ref UpgradeHead head, out int headBytes, out ProtocolFault fault)
    {
        headBytes = 0;
        fault = ProtocolFault.None;
        var window = buffer[..Math.Min(buffer.Length, bytesMax)];
        var isFirst = true;
        while (true)
        {
            var rest = window[headBytes..];
            var lineFeed = rest.IndexOf((byte)'\n');
            if (lineFeed < 0)
            {
                fault = buffer.Length >= bytesMax ? ProtocolFault.RequestHeadTooLarge : ProtocolFault.None;
                return buffer.Length >= bytesMax ? ParseStatus.TooLarge : ParseStatus.NeedMore;
            }

            headBytes += lineFeed + 1;
            if (lineFeed == 1 && rest[0] == (byte)'\r')
            {
                if (isFirst)
                {
                    continue; // RFC 9112 section 2.2: empty lines in front of the request line.
                }

                return ParseStatus.Done;
            }

            var line = lineFeed > 0 && rest[lineFeed - 1] == (byte)'\r' ? rest[..(lineFeed - 1)] : default;
            if (line.IsEmpty || !(isFirst ? head.RequestLine(line) : head.FieldLine(line)))
            {
                fault = ProtocolFault.BadRequestHead;
                return ParseStatus.Malformed;
            }

            isFirst = false;
        }
    }
}
