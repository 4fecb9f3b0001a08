using FastPush.Gateway.Auth;
using FastPush.Gateway.Engine;
using FastPush.Gateway.Limits;
using FastPush.Relay.Redis;

namespace FastPush.Gateway.Options;

/// <summary>Checks every option at start and reports all faults at once, each with its key.</summary>
internal static class OptionsValidator
{
    private static readonly string[] s_roles = ["gateway", "dispatcher", "notifications"];

    /// <summary>Texts of the form "key: what is wrong"; none when all is well.</summary>
    public static IEnumerable<string> Validate(GatewayOptions options, JwtOptions jwt, bool isDevelopment)
    {
        string[] faults =
            [.. jwt.Validate(isDevelopment), .. OriginPolicy.Validate(options.Origins), .. Stores(options), .. Ranges(options)];
        foreach (var fault in faults)
        {
            yield return fault;
        }

        if (!jwt.HasKeys && !isDevelopment)
        {
            yield return "FastPush:Jwt: Authority, JwksUrl, JwksPath or PublicKeyPath must be set (with Issuer and Audience); "
                + "only the Development environment makes a key of its own";
        }

        foreach (var role in options.Roles.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!s_roles.Contains(role))
            {
                yield return $"FastPush:Roles: '{role}' is not one of {string.Join(", ", s_roles)}";
            }
        }

        if (options.Limits.RateScope is not ("node" or "fleet"))
        {
            yield return "FastPush:Limits:RateScope: must be node or fleet";
        }

        if (options.Engine.Transport is not ("auto" or "kestrel") && (options.Engine.Transport != "engine" || !EngineTransport.IsSupported))
        {
            yield return "FastPush:Engine:Transport: must be auto, kestrel or (on Linux x86-64) engine";
        }

        if (options.Engine.Tls is not ("auto" or "kestrel"))
        {
            yield return "FastPush:Engine:Tls: must be auto or kestrel";
        }

        foreach (var (key, share) in new[]
        {
            ("PrincipalShare", options.Limits.PrincipalShare),
            ("StrangerShare", options.Limits.StrangerShare),
            ("HistoryShare", options.Limits.HistoryShare),
        })
        {
            if (share is not (> 0 and <= 1))
            {
                yield return $"FastPush:Limits:{key}: must be above 0 and at most 1, is {share}";
            }
        }

        var descriptors = ConnectionBounds.Descriptors;
        if (descriptors - options.Limits.ReservedDescriptors < ConnectionBounds.DescriptorsLeast)
        {
            yield return $"FastPush:Limits:ReservedDescriptors: the process may have {descriptors} descriptors open (RLIMIT_NOFILE, "
                + $"ulimit -n), so of {options.Limits.ReservedDescriptors} for itself too few are left for clients; allow it "
                + $"{options.Limits.ReservedDescriptors + ConnectionBounds.DescriptorsLeast} or more";
        }

        // The bound must hold one frame for each connection that may be sending one, or publishers starve at once.
        var least = options.Limits.OutboxBytes + (long)options.Limits.FrameBytes * 2;
        if (options.Limits.MessageMemoryBytes < least)
        {
            yield return $"FastPush:Limits:MessageMemoryBytes: must be at least OutboxBytes + 2 x FrameBytes = {least}";
        }
    }

    private static IEnumerable<string> Stores(GatewayOptions options)
    {
        if (options.Redis.Length > 0 && RedisConfiguration.Validate(options.Redis) is { } fault)
        {
            yield return $"FastPush:Redis: {fault}";
        }

        foreach (var (key, value) in new[] { ("Kafka", options.Kafka), ("Postgres", options.Postgres) })
        {
            if (value.Length > 0)
            {
                yield return $"FastPush:{key}: this version has the embedded store only; leave it empty";
            }
        }
    }

    private static IEnumerable<string> Ranges(GatewayOptions o)
    {
        (string Key, long Value, long Least, long Most)[] ranges =
        [
            ("ServerId", o.ServerId ?? 0, 0, 1023),
            ("Limits:FrameBytes", o.Limits.FrameBytes, 1024, 64 << 20),
            ("Limits:Headers", o.Limits.Headers, 8, 1024),
            ("Limits:HeaderLineBytes", o.Limits.HeaderLineBytes, 256, 64 << 10),
            ("Limits:UpgradeHeadBytes", o.Limits.UpgradeHeadBytes, 1024, 64 << 10),
            ("Limits:RequestLineBytes", o.Limits.RequestLineBytes, 1024, 512 << 10),
            ("Limits:Subscriptions", o.Limits.Subscriptions, 1, 100_000),
            ("Limits:ConnectTimeoutMs", o.Limits.ConnectTimeoutMs, 100, 600_000),
            ("Limits:OutboxBytes", o.Limits.OutboxBytes, 4096, 1 << 30),
            ("Limits:MessageMemoryBytes", o.Limits.MessageMemoryBytes, 1 << 20, long.MaxValue),
            ("Limits:Connections", o.Limits.Connections, 1, 1_000_000),
            ("Limits:UnprovenConnections", o.Limits.UnprovenConnections, 0, 1_000_000),
            ("Limits:ReservedDescriptors", o.Limits.ReservedDescriptors, 0, 1_000_000),
            ("Limits:FrameTimeoutMs", o.Limits.FrameTimeoutMs, 1000, 3_600_000),
            ("KeepAlive:IdleSeconds", o.KeepAlive.IdleSeconds, 0, 32_767),
            ("KeepAlive:IntervalSeconds", o.KeepAlive.IntervalSeconds, 1, 32_767),
            ("KeepAlive:Count", o.KeepAlive.Count, 1, 127),
            ("Limits:Transactions", o.Limits.Transactions, 0, 1000),
            ("Limits:CommandBurst", o.Limits.CommandBurst, 1, 10_000_000),
            ("Limits:CommandsPerSecond", o.Limits.CommandsPerSecond, 0, 1_000_000),
            ("Limits:TransactionFrames", o.Limits.TransactionFrames, 0, 100_000),
            ("Limits:RequestBytes", o.Limits.RequestBytes, 1024, 256 << 20),
            ("Limits:RequestMessages", o.Limits.RequestMessages, 1, 100_000),
            ("Limits:IdempotencyKeys", o.Limits.IdempotencyKeys, 1000, 50_000_000),
            ("HeartBeat:SendMs", o.HeartBeat.SendMs, 0, 3_600_000),
            ("HeartBeat:WantMs", o.HeartBeat.WantMs, 0, 3_600_000),
            ("Ack:TimeoutMs", o.Ack.TimeoutMs, 100, 3_600_000),
            ("Ack:Retries", o.Ack.Retries, 0, 100),
            ("Ack:PrefetchMax", o.Ack.PrefetchMax, 1, 4096),
            ("Ack:Prefetch", o.Ack.Prefetch, 1, o.Ack.PrefetchMax),
            ("Drain:TimeoutMs", o.Drain.TimeoutMs, 0, 3_600_000),
            ("Drain:ReadinessMs", o.Drain.ReadinessMs, 0, o.Drain.TimeoutMs),
            ("Drain:SpreadMs", o.Drain.SpreadMs, 0, o.Drain.TimeoutMs),
            ("Drain:RetryAfterMs", o.Drain.RetryAfterMs, 0, 3_600_000),
            ("Offline:Messages", o.Offline.Messages, 1, 1_000_000),
            ("Offline:Bytes", o.Offline.Bytes, 1024, long.MaxValue),
            ("Offline:TtlSeconds", o.Offline.TtlSeconds, 1, int.MaxValue),
            ("History:Messages", o.History.Messages, 1, 100_000),
            ("History:AgeSeconds", o.History.AgeSeconds, 1, 86_400),
            ("History:Deliveries", o.History.Deliveries, 1, 10_000_000),
            ("Engine:Threads", o.Engine.Threads, 0, 256),
            ("Limits:ConnectionsPerUser", o.Limits.ConnectionsPerUser, 0, 100_000),
            ("Cluster:LeaseSeconds", o.Cluster.LeaseSeconds, 10, 86_400),
            ("Cluster:FreshWaitMs", o.Cluster.FreshWaitMs, 0, 600_000),
            ("Cluster:HeartBeatMs", o.Cluster.HeartBeatMs, 100, 60_000),
            ("Cluster:DeadAfterMs", o.Cluster.DeadAfterMs, o.Cluster.HeartBeatMs * 2L, 600_000),
            ("Cluster:CallTimeoutMs", o.Cluster.CallTimeoutMs, 50, 60_000),
            ("Cluster:ClockSkewMs", o.Cluster.ClockSkewMs, 50, 60_000),
            ("Cluster:RelayShards", o.Cluster.RelayShards, 1, 64),
            ("Cluster:RelayQueueBytes", o.Cluster.RelayQueueBytes, 1 << 20, 1L << 32),
            ("Cluster:HistoryWriteBehindMs", o.Cluster.HistoryWriteBehindMs, 10, 10_000),
            ("Cluster:HistoryWriteBehindMaxMs", o.Cluster.HistoryWriteBehindMaxMs, o.Cluster.HistoryWriteBehindMs, 60_000),
        ];
        foreach (var (key, value, least, most) in ranges)
        {
            if (value < least || value > most)
            {
                yield return $"FastPush:{key}: must be from {least} to {most}, is {value}";
            }
        }
    }
}
