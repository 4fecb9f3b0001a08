namespace FastPush.Gateway.Telemetry;

/// <summary>Log lines about the other servers and what is shared with them. Ids 1100-1199, never used again once retired.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(1100, LogLevel.Error, "Redis failed at {What}.")]
    public static partial void StoreFailed(ILogger log, string what, Exception exception);

    [LoggerMessage(1103, LogLevel.Information, "This is server {ServerId} of the fleet.")]
    public static partial void ServerId(ILogger log, int serverId);

    [LoggerMessage(1104, LogLevel.Critical, "This server could not join the fleet. This is a fault of the gateway; it stops.")]
    public static partial void NoServerId(ILogger log, Exception exception);

    [LoggerMessage(1107, LogLevel.Information, "The node stops before it was a member of the fleet.")]
    public static partial void NeverJoined(ILogger log);

    [LoggerMessage(1105, LogLevel.Critical, "Another process has taken server id {ServerId}. This one drains and stops.")]
    public static partial void LeaseLost(ILogger log, int serverId);

    [LoggerMessage(1106, LogLevel.Warning, "Server {ServerId} is dead; what it had in flight goes to other servers or back to the queues.")]
    public static partial void ServerDied(ILogger log, int serverId);

    [LoggerMessage(1108, LogLevel.Information, "Server {ServerId} has left.")]
    public static partial void ServerLeft(ILogger log, int serverId);

    [LoggerMessage(
        1109, LogLevel.Error, "Message {MessageId} could not be delivered. This is a fault of the gateway; it goes back to its queue.")]
    public static partial void DeliveryFailed(ILogger log, long messageId, Exception exception);

    [LoggerMessage(
        1110, LogLevel.Warning, "Relay messages came in that cannot be read, {Count} so far: of another version or fleet?")]
    public static partial void Malformed(ILogger log, long count);
}
