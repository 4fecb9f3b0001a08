using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Membership;

/// <summary>Log lines about server ids and the living. Ids 2200-2299, never used again once retired.</summary>
internal static partial class MembershipLog
{
    [LoggerMessage(2200, LogLevel.Warning, "Waiting for a server id: {Reason}.")]
    public static partial void Waiting(ILogger log, string reason);

    [LoggerMessage(2201, LogLevel.Information, "Redis did not know the lease of server id {ServerId} any more; it is claimed again.")]
    public static partial void Reclaimed(ILogger log, int serverId);

    [LoggerMessage(
        2202, LogLevel.Error, "The lease of server id {ServerId} could not be renewed in time; no message ids are made with it.")]
    public static partial void RanOut(ILogger log, int serverId);

    [LoggerMessage(2203, LogLevel.Error, "Renewing the lease of the server id failed. This is a fault of the gateway.")]
    public static partial void RenewFailed(ILogger log, Exception exception);

    [LoggerMessage(2204, LogLevel.Error, "A heart-beat failed. This is a fault of the gateway.")]
    public static partial void BeatFailed(ILogger log, Exception exception);

    [LoggerMessage(2205, LogLevel.Warning, "Other servers had taken this one for dead; it joins them again.")]
    public static partial void WasTakenForDead(ILogger log);

    [LoggerMessage(2206, LogLevel.Warning, "No messages are accepted: {Reason}.")]
    public static partial void ClocksApart(ILogger log, string reason);

    [LoggerMessage(
        2207,
        LogLevel.Warning,
        "This machine's clock is {Milliseconds} ms ahead of Redis'. Messages go by Redis' clock, but tokens are judged by this one.")]
    public static partial void WallClockOff(ILogger log, long milliseconds);
}
