namespace FastPush.Protocol.Handshake;

/// <summary>Whose connection this is, judged by its first bytes.</summary>
public enum RequestKind : byte
{
    /// <summary>The bytes so far may still become either.</summary>
    NeedMore,

    /// <summary><c>GET /stomp</c>, to be read by <see cref="UpgradeRequest"/>.</summary>
    Stomp,

    /// <summary>Anything else: HTTP for other paths, HTTP/2, TLS, noise.</summary>
    Other,
}

/// <summary>Decides between the WebSocket path and the HTTP server without reading more than 11 bytes.</summary>
public static class UpgradeSniffer
{
    /// <summary>Bytes after which <see cref="Classify"/> never answers <see cref="RequestKind.NeedMore"/>.</summary>
    public const int DecidingBytes = 11;

    private static ReadOnlySpan<byte> Start => "GET /stomp"u8;

    /// <summary>Classifies a connection by <paramref name="start"/>, its first bytes as far as they have arrived.</summary>
    public static RequestKind Classify(ReadOnlySpan<byte> start)
    {
        if (start.Length <= Start.Length)
        {
            return Start.StartsWith(start) ? RequestKind.NeedMore : RequestKind.Other;
        }

        return start.StartsWith(Start) && start[Start.Length] is (byte)' ' or (byte)'?' ? RequestKind.Stomp : RequestKind.Other;
    }
}
