namespace FastPush.Protocol.Handshake;

/// <summary>Whose request this is, judged by its first bytes.</summary>
public enum RequestKind : byte
{
    /// <summary>The bytes so far may still become either.</summary>
    NeedMore,

    /// <summary><c>GET /stomp</c>, to be read by <see cref="UpgradeRequest"/>.</summary>
    Stomp,

    /// <summary>Anything else: HTTP for other paths, HTTP/2, TLS, noise.</summary>
    Other,
}

/// <summary>
/// Decides between the WebSocket path and the HTTP server: mostly by 11 bytes, by more where a request names its host in the target or
/// has empty lines in front.
/// </summary>
public static class UpgradeSniffer
{
    /// <summary>Bytes after which <see cref="Classify"/> never answers <see cref="RequestKind.NeedMore"/>.</summary>
    public const int DecidingBytes = 1024;

    private static ReadOnlySpan<byte> Method => "GET "u8;

    /// <summary>
    /// Classifies a request by <paramref name="start"/>, its first bytes as far as they have arrived. Empty lines in front of it are
    /// passed over (RFC 9112 section 2.2).
    /// </summary>
    public static RequestKind Classify(ReadOnlySpan<byte> start)
    {
        var window = start[..Math.Min(start.Length, DecidingBytes)];
        var kind = Look(window);
        return kind == RequestKind.NeedMore && start.Length >= DecidingBytes ? RequestKind.Other : kind;
    }

    private static RequestKind Look(ReadOnlySpan<byte> start)
    {
        while (start.StartsWith("\r\n"u8))
        {
            start = start[2..];
        }

        if (start.Length <= Method.Length)
        {
            return Method.StartsWith(start) || start.SequenceEqual("\r"u8) ? RequestKind.NeedMore : RequestKind.Other;
        }

        if (!start.StartsWith(Method))
        {
            return RequestKind.Other;
        }

        return RequestTarget.Match(start[Method.Length..]) switch
        {
            ParseStatus.Done => RequestKind.Stomp,
            ParseStatus.NeedMore => RequestKind.NeedMore,
            _ => RequestKind.Other,
        };
    }
}
