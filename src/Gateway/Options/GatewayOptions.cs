using FastPush.Protocol;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Options;

/// <summary>Everything that section <c>FastPush</c> of the configuration sets, apart from the keys of tokens.</summary>
internal sealed record GatewayOptions
{
    public string Redis { get; init; } = "";

    public string Kafka { get; init; } = "";

    public string Postgres { get; init; } = "";

    public string Roles { get; init; } = "gateway,dispatcher,notifications";

    /// <summary>0-1023, the server's part of message ids. Empty: leased from Redis, else 0.</summary>
    public int? ServerId { get; init; }

    /// <summary>Origins of browsers that may connect; empty = the gateway's own; <c>*</c> = any.</summary>
    public string[] Origins { get; init; } = [];

    public LimitOptions Limits { get; init; } = new();

    public HeartBeatOptions HeartBeat { get; init; } = new();

    public AckOptions Ack { get; init; } = new();

    public DrainOptions Drain { get; init; } = new();

    public OfflineOptions Offline { get; init; } = new();

    public HistoryOptions History { get; init; } = new();

    public EngineOptions Engine { get; init; } = new();

    public KeepAliveOptions KeepAlive { get; init; } = new();

    public ClusterOptions Cluster { get; init; } = new();
}

/// <summary>Bounds of what clients may send and cost (section <c>FastPush:Limits</c>).</summary>
internal sealed record LimitOptions
{
    public int FrameBytes { get; init; } = 1 << 20;

    public int Headers { get; init; } = 64;

    public int HeaderLineBytes { get; init; } = 8 << 10;

    public int UpgradeHeadBytes { get; init; } = 32 << 10;

    /// <summary>First line of any other request: its method, path and query.</summary>
    public int RequestLineBytes { get; init; } = 64 << 10;

    public int Subscriptions { get; init; } = 1000;

    /// <summary>From accept to a valid CONNECT.</summary>
    public int ConnectTimeoutMs { get; init; } = 10_000;

    /// <summary>What may wait for one connection before the overflow policies act. One frame always may.</summary>
    public int OutboxBytes { get; init; } = 1 << 20;

    /// <summary>What waits or is kept in the whole process: queues, windows, history, offline.</summary>
    public long MessageMemoryBytes { get; init; } = 1L << 30;

    /// <summary>The part of <see cref="MessageMemoryBytes"/> that one user answers for at most, above 0 and up to 1.</summary>
    public double PrincipalShare { get; init; } = 1.0 / 16;

    /// <summary>The part that all who have not said who they are answer for together.</summary>
    public double StrangerShare { get; init; } = 1.0 / 16;

    /// <summary>The part that histories may keep, and keep only while nobody else needs it.</summary>
    public double HistoryShare { get; init; } = 1.0 / 2;

    /// <summary>Connections of users. The system's bound on descriptors may allow fewer: see <see cref="ReservedDescriptors"/>.</summary>
    public int Connections { get; init; } = 100_000;

    /// <summary>Connections that have not shown a valid token; 0 = a quarter of the others, at least 16.</summary>
    public int UnprovenConnections { get; init; }

    /// <summary>Descriptors (RLIMIT_NOFILE) that are never a client's: for files, stores and the runtime, which takes some 250.</summary>
    public int ReservedDescriptors { get; init; } = 384;

    /// <summary>From a frame's first byte to its last.</summary>
    public int FrameTimeoutMs { get; init; } = 30_000;

    /// <summary>Connections of one user, over all servers; 0 = no limit.</summary>
    public int ConnectionsPerUser { get; init; }

    /// <summary>Where the token bucket of a user's messages counts: <c>node</c>, on each by itself, or <c>fleet</c>, over all.</summary>
    public string RateScope { get; init; } = "node";

    /// <summary>
    /// Commands beside messages that one user may send at once: enough for five connections that each subscribe to as many destinations as
    /// they may.
    /// </summary>
    public int CommandBurst { get; init; } = 5000;

    /// <summary>The same in the long run, a second; 0 = no limit.</summary>
    public int CommandsPerSecond { get; init; } = 100;

    /// <summary>The bucket of a user with this message rate: who may send more may begin and commit as many transactions.</summary>
    public (int Burst, double PerSecond) CommandRateOf(int burst, double perSecond) =>
        (CommandBurst + (2 * burst), CommandsPerSecond + (2 * perSecond));

    /// <summary>Transactions one connection may have open.</summary>
    public int Transactions { get; init; } = 16;

    /// <summary>Frames in all open transactions of one connection.</summary>
    public int TransactionFrames { get; init; } = 1000;

    /// <summary>Largest body of <c>POST /api/v1/messages</c>.</summary>
    public int RequestBytes { get; init; } = 4 << 20;

    /// <summary>Messages times recipients in one publish request.</summary>
    public int RequestMessages { get; init; } = 1000;

    /// <summary>Idempotency keys that are remembered, over all principals, some 100 bytes each.</summary>
    public int IdempotencyKeys { get; init; } = 500_000;

    /// <summary><see cref="PrincipalShare"/> in bytes: a user can always send a frame, which is collected and then rendered.</summary>
    public long PrincipalShareBytes => Part(PrincipalShare, FrameBytes * 3L);

    /// <summary>What one ACK window holds at most: a quarter of a share, so that there is room for what waits behind it.</summary>
    public long WindowBytes => PrincipalShareBytes / 4;

    /// <summary><see cref="StrangerShare"/> in bytes.</summary>
    public long StrangerShareBytes => Part(StrangerShare, UpgradeHeadBytes * 4L);

    /// <summary><see cref="HistoryShare"/> in bytes.</summary>
    public long HistoryShareBytes => Part(HistoryShare, 0);

    private long Part(double share, long least) => Math.Min(MessageMemoryBytes, Math.Max((long)(MessageMemoryBytes * share), least));

    /// <summary>The part of them that readers obey.</summary>
    public ProtocolLimits ToProtocol() => new()
    {
        FrameBytes = FrameBytes,
        Headers = Headers,
        HeaderLineBytes = HeaderLineBytes,
        UpgradeHeadBytes = UpgradeHeadBytes,
    };
}

/// <summary>The server's side of <c>heart-beat</c> (STOMP 1.2, "Heart-beating"); 0 switches a direction off.</summary>
internal sealed record HeartBeatOptions
{
    public int SendMs { get; init; } = 10_000;

    public int WantMs { get; init; } = 10_000;
}

/// <summary>Redelivery of what clients do not acknowledge.</summary>
internal sealed record AckOptions
{
    public int TimeoutMs { get; init; } = 30_000;

    /// <summary>Deliveries after the first; then the message is dead.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>ACK window of a subscription that does not say <c>prefetch-count</c>.</summary>
    public int Prefetch { get; init; } = 64;

    public int PrefetchMax { get; init; } = 1024;
}

/// <summary>Shutdown on SIGTERM.</summary>
internal sealed record DrainOptions
{
    /// <summary>From SIGTERM to exit at most.</summary>
    public int TimeoutMs { get; init; } = 30_000;

    /// <summary>Readiness fails for so long before the first client is told to go, so that balancers look away first.</summary>
    public int ReadinessMs { get; init; } = 1_000;

    /// <summary>The closes are spread over so much time, so that the other nodes do not meet all clients at once.</summary>
    public int SpreadMs { get; init; } = 2_000;

    /// <summary>The hint in the close reason is drawn between this and twice this.</summary>
    public int RetryAfterMs { get; init; } = 500;
}

/// <summary>Messages kept per destination for clients that resume.</summary>
internal sealed record HistoryOptions
{
    /// <summary>How far back a client can resume; a configuration has at least 1 (R3), 0 keeps none.</summary>
    public int Messages { get; init; } = 100;

    public int AgeSeconds { get; init; } = 300;

    /// <summary>Recipients whose outcomes are remembered for the deliveries endpoint.</summary>
    public int Deliveries { get; init; } = 100_000;
}

/// <summary>How servers that share a Redis work together.</summary>
internal sealed record ClusterOptions
{
    /// <summary>How long a server id stays reserved without being renewed: message ids can be made for so long without Redis.</summary>
    public int LeaseSeconds { get; init; } = 1800;

    /// <summary>A Redis that started less long ago may have lost its data; servers that had an id claim it again in this time.</summary>
    public int FreshWaitMs { get; init; } = 5_000;

    public int HeartBeatMs { get; init; } = 1_000;

    /// <summary>A server without heart-beat for so long is dead; others take over what it had in flight.</summary>
    public int DeadAfterMs { get; init; } = 5_000;

    /// <summary>Longest wait for one answer of Redis, and of a SUBSCRIBE for publishers on other servers to know of it.</summary>
    public int CallTimeoutMs { get; init; } = 1_000;

    /// <summary>How far a server's clock and Redis' may be apart while messages are published.</summary>
    public int ClockSkewMs { get; init; } = 1_000;

    /// <summary>Relay channels of each server. The same on all servers.</summary>
    public int RelayShards { get; init; } = 4;

    /// <summary>What may wait for one other server before messages to it are not relayed any more.</summary>
    public long RelayQueueBytes { get; init; } = 16L << 20;

    /// <summary>From a topic's message to its place in the shared history.</summary>
    public int HistoryWriteBehindMs { get; init; } = 200;

    /// <summary>The same at most, when many topics have messages at once.</summary>
    public int HistoryWriteBehindMaxMs { get; init; } = 3_000;
}

/// <summary>Threads that run connections.</summary>
internal sealed record EngineOptions
{
    /// <summary><c>auto</c>, <c>engine</c> (Linux on x86-64), or <c>kestrel</c>, its portable socket transport.</summary>
    public string Transport { get; init; } = "auto";

    /// <summary><c>auto</c>: the engine has TLS 1.3 where it can; <c>kestrel</c>: all TLS is Kestrel's.</summary>
    public string Tls { get; init; } = "auto";

    /// <summary>Threads; 0 = half the cores, at least one.</summary>
    public int Threads { get; init; }
}
