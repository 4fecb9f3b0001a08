namespace FastPush.Gateway.Telemetry;

/// <summary>Every log line of the gateway. Ids 1000-1999, never used again once retired. No line per frame.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1000, LogLevel.Information, "FastPush {Version} listens on {Addresses}; {Mode}.")]
    public static partial void Listening(ILogger log, string version, string addresses, string mode);

    [LoggerMessage(1001, LogLevel.Warning, "Not durable here: {What}.")]
    public static partial void NotDurable(ILogger log, string what);

    [LoggerMessage(1002, LogLevel.Warning, "Development key: GET /dev/token on loopback gives a token to anybody.")]
    public static partial void DevelopmentKey(ILogger log);

    [LoggerMessage(1003, LogLevel.Information, "Draining: {Sessions} sessions are told to come back elsewhere within {TimeoutMs} ms.")]
    public static partial void Draining(ILogger log, int sessions, int timeoutMs);

    [LoggerMessage(
        1004, LogLevel.Information, "Drained: {Closed} sessions closed, {Aborted} aborted, {Queued} messages wait for their users.")]
    public static partial void Drained(ILogger log, int closed, int aborted, long queued);

    [LoggerMessage(1005, LogLevel.Error, "Connection {ConnectionId} failed. This is a fault of the gateway; the client was told so.")]
    public static partial void ConnectionFailed(ILogger log, string connectionId, Exception exception);

    [LoggerMessage(1006, LogLevel.Error, "An offline queue call failed.")]
    public static partial void OfflineQueueFailed(ILogger log, Exception exception);

    [LoggerMessage(1007, LogLevel.Error, "The ticker failed; it goes on with the next tick.")]
    public static partial void TickFailed(ILogger log, Exception exception);

    [LoggerMessage(1008, LogLevel.Warning, "A read batch held its thread for {Milliseconds} ms.")]
    public static partial void EngineStalled(ILogger log, long milliseconds);

    [LoggerMessage(1009, LogLevel.Warning, "New keys cannot be had or used, the old ones stay: {Fault}")]
    public static partial void KeyReloadFailed(ILogger log, string fault);

    [LoggerMessage(1010, LogLevel.Information, "New keys are in use.")]
    public static partial void KeysReloaded(ILogger log);

    [LoggerMessage(1011, LogLevel.Warning, "TLS of {Endpoint} stays with Kestrel, which takes more memory for each connection: {Why}")]
    public static partial void TlsStaysWithKestrel(ILogger log, string endpoint, string why);

    [LoggerMessage(
        1012,
        LogLevel.Warning,
        "Room for {Connections} connections of users, not {Wished} (FastPush:Limits:Connections): the process may have {Descriptors} "
            + "descriptors open (RLIMIT_NOFILE), of which {Reserved} are its own (FastPush:Limits:ReservedDescriptors).")]
    public static partial void ConnectionsBounded(ILogger log, int connections, int wished, long descriptors, int reserved);

    [LoggerMessage(1013, LogLevel.Warning, "The system has no descriptor for a new connection (errno {Error}). Connections wait.")]
    public static partial void NoDescriptors(ILogger log, int error);

    [LoggerMessage(1020, LogLevel.Warning, "Keys of the set are ignored, tokens signed by them are refused: {Keys}.")]
    public static partial void KeysIgnored(ILogger log, string keys);
}
