namespace FastPush.Gateway.Sessions;

/// <summary>Why a session ended; the tag of the metric <c>push.connections.closed</c>.</summary>
internal enum CloseReason : byte
{
    Disconnect,
    PeerClosed,
    PeerGone,
    Protocol,
    ConnectTimeout,
    Unauthorized,
    TokenExpired,
    Forbidden,
    RateLimit,
    TooBig,
    SlowConsumer,
    HeartBeat,
    FrameTimeout,
    Evicted,
    Overload,
    Drain,
    Internal,
}

internal static class CloseReasons
{
    /// <summary>The metric's tag value.</summary>
    public static string Name(this CloseReason reason) => reason switch
    {
        CloseReason.Disconnect => "disconnect",
        CloseReason.PeerClosed => "peer-closed",
        CloseReason.PeerGone => "peer-gone",
        CloseReason.Protocol => "protocol",
        CloseReason.ConnectTimeout => "connect-timeout",
        CloseReason.Unauthorized => "unauthorized",
        CloseReason.TokenExpired => "token-expired",
        CloseReason.Forbidden => "forbidden",
        CloseReason.RateLimit => "rate-limit",
        CloseReason.TooBig => "too-big",
        CloseReason.SlowConsumer => "slow-consumer",
        CloseReason.HeartBeat => "heart-beat",
        CloseReason.FrameTimeout => "frame-timeout",
        CloseReason.Evicted => "evicted",
        CloseReason.Overload => "overload",
        CloseReason.Drain => "drain",
        _ => "internal",
    };
}
