using FastPush.Gateway.Options;

namespace FastPush.Gateway.Http;

/// <summary>What this process runs on: for the start banner and <c>GET /api/v1/info</c>.</summary>
internal sealed record RunMode(
    string Version, string Mode, int ServerId, string Environment, IReadOnlyList<string> Durable, IReadOnlyList<string> NotDurable)
{
    public static RunMode From(GatewayOptions options, string environment)
    {
        var version = typeof(RunMode).Assembly.GetName().Version?.ToString(3) ?? "0";
        if (options.Redis.Length > 0)
        {
            return new RunMode(
                version,
                "fleet: queues, presence, relay and history in Redis",
                options.ServerId ?? 0,
                environment,
                ["offline queues", "history for resume", "presence"],
                ["delivery outcomes", "dead letters"]);
        }

        return new RunMode(
            version,
            "embedded: one node, everything in memory",
            options.ServerId ?? 0,
            environment,
            [],
            ["offline queues", "history for resume", "delivery outcomes", "presence", "dead letters"]);
    }
}
