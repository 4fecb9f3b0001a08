using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>Log lines of the relay link. Ids 2100-2149, never used again once retired.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(2100, LogLevel.Information, "Relay is up: {Shards} channels of server {ServerId} are subscribed at {Servers}.")]
    public static partial void Up(ILogger log, int shards, int serverId, string servers);

    [LoggerMessage(2101, LogLevel.Error, "Relay is down: {Reason}. Trying again until it works.")]
    public static partial void Down(ILogger log, string reason);

    [LoggerMessage(2102, LogLevel.Error, "A message of the relay could not be handled. This is a fault of the gateway.")]
    public static partial void ReceiverFailed(ILogger log, Exception exception);

    [LoggerMessage(
        2103, LogLevel.Warning, "A relay payload of {Bytes} bytes is not of this version's form; {Messages} messages of it were read.")]
    public static partial void PayloadMalformed(ILogger log, long bytes, int messages);

    [LoggerMessage(
        2104, LogLevel.Warning, "Redis refuses what is published to {Channel}: {Error}. This is not said again for this connection.")]
    public static partial void PublishRefused(ILogger log, string channel, string error);

    [LoggerMessage(2105, LogLevel.Warning, "Relay stopped with {Bytes} bytes that Redis had not taken within {TimeoutMs} ms.")]
    public static partial void StoppedWithRest(ILogger log, long bytes, long timeoutMs);
}
