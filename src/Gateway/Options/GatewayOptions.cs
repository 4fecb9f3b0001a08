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

    /// <summary>0-1023, the server's part of message ids.</summary>
    public int ServerId { get; init; }

    /// <summary>Origins of browsers that may connect; empty = the gateway's own; <c>*</c> = any.</summary>
    public string[] Origins { get; init; } = [];

    public LimitOptions Limits { get; init; } = new();

    public HeartBeatOptions HeartBeat { get; init; } = new();

    public AckOptions Ack { get; init; } = new();

    public DrainOptions Drain { get; init; } = new();

    public OfflineOptions Offline { get; init; } = new();

    public HistoryOptions History { get; init; } = new();

    public EngineOptions Engine { get; init; } = new();
}

/// <summary>Bounds of what clients may send and cost (section <c>FastPush:Limits</c>).</summary>
internal sealed record LimitOptions
{
    public int FrameBytes { get; init; } = 1 << 20;

    public int Headers { get; init; } = 64;

    public int HeaderLineBytes { get; init; } = 8 << 10;

    public int UpgradeHeadBytes { get; init; } = 16 << 10;

    public int Subscriptions { get; init; } = 1000;

    /// <summary>From accept to a valid CONNECT.</summary>
    public int ConnectTimeoutMs { get; init; } = 10_000;

    /// <summary>What may wait for one connection before the overflow policies act. One frame always may.</summary>
    public int OutboxBytes { get; init; } = 1 << 20;

    /// <summary>What waits or is kept in the whole process: queues, windows, history, offline.</summary>
    public long MessageMemoryBytes { get; init; } = 1L << 30;

    public int Connections { get; init; } = 100_000;

    /// <summary>Transactions one connection may have open.</summary>
    public int Transactions { get; init; } = 16;

    /// <summary>Frames in all open transactions of one connection.</summary>
    public int TransactionFrames { get; init; } = 1000;

    /// <summary>Largest body of <c>POST /api/v1/messages</c>.</summary>
    public int RequestBytes { get; init; } = 4 << 20;

    /// <summary>Messages times recipients in one publish request.</summary>
    public int RequestMessages { get; init; } = 1000;

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
    /// <summary>0 keeps none.</summary>
    public int Messages { get; init; } = 100;

    public int AgeSeconds { get; init; } = 300;

    /// <summary>Recipients whose outcomes are remembered for the deliveries endpoint.</summary>
    public int Deliveries { get; init; } = 100_000;
}

/// <summary>Threads that run connections.</summary>
internal sealed record EngineOptions
{
    /// <summary><c>auto</c>, <c>engine</c> (Linux on x86-64), or <c>kestrel</c>, its portable socket transport.</summary>
    public string Transport { get; init; } = "auto";

    /// <summary>Threads; 0 = half the cores, at least one.</summary>
    public int Threads { get; init; }
}
