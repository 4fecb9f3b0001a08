using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Redis;

/// <summary>Log lines about Redis. Ids 2000-2099, never used again once retired.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(2000, LogLevel.Information, "Redis answers: {Endpoints}.")]
    public static partial void StoreUp(ILogger log, string endpoints);

    [LoggerMessage(2001, LogLevel.Error, "Redis is not usable: {Reason}. What can wait, waits; local delivery goes on.")]
    public static partial void StoreDown(ILogger log, string reason);

    [LoggerMessage(2002, LogLevel.Error, "A Redis script failed. This is a fault of the gateway, or another program writes its keys.")]
    public static partial void ScriptFailed(ILogger log, Exception exception);

    // 2003 said that changes were dropped.

    [LoggerMessage(2004, LogLevel.Warning, "Redis writes no log (appendonly no): when it dies, what waits for users is lost.")]
    public static partial void NoLog(ILogger log);
}
