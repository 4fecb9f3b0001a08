using FastPush.Gateway.Auth;
using FastPush.Gateway.Deliveries;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Options;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Notifications.Deliveries;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;

namespace FastPush.Gateway;

/// <summary>
/// The parts that every session of this node shares. Made once, by the host or by a test; holds no logic of its own.
/// </summary>
internal sealed class Node
{
    private long _sessionId;

    public Node(
        GatewayOptions options,
        TimeProvider time,
        TokenVerifier tokens,
        GatewayMetrics metrics,
        IOfflineQueue offline,
        IPresence presence,
        ILoggerFactory logs)
    {
        Options = options;
        ProtocolLimits = options.Limits.ToProtocol();
        ConnectLimits = ProtocolLimits with { FrameBytes = 1024, Headers = Math.Min(ProtocolLimits.Headers, 32) };
        Clock = new Clock(time);
        Tokens = tokens;
        Metrics = metrics;
        Offline = offline;
        Presence = presence;
        Log = logs.CreateLogger<Node>();
        Pool = new PayloadPool(options.Limits.MessageMemoryBytes);
        Ids = new Snowflake(options.ServerId);
        Ledger = new DeliveryLedger(options.History.Deliveries);
        DeadLetters = new DeadLetters(1000);
        Outcomes = new Outcomes(Clock, offline, Ledger, DeadLetters, metrics, logs.CreateLogger<Outcomes>());
        Fanout = new Fanout(this);
    }

    public GatewayOptions Options { get; }

    public ProtocolLimits ProtocolLimits { get; }

    /// <summary>For the first frame: who is not yet known gets room for a token and little more.</summary>
    public ProtocolLimits ConnectLimits { get; }

    public Clock Clock { get; }

    public TokenVerifier Tokens { get; }

    public GatewayMetrics Metrics { get; }

    public IOfflineQueue Offline { get; }

    public IPresence Presence { get; }

    public ILogger Log { get; }

    public PayloadPool Pool { get; }

    public Snowflake Ids { get; }

    public DeliveryLedger Ledger { get; }

    public DeadLetters DeadLetters { get; }

    public Outcomes Outcomes { get; }

    public Fanout Fanout { get; }

    public TopicTable Topics { get; } = new();

    public SessionTable Sessions { get; } = new();

    public SubscriptionHeads Heads { get; } = new();

    public UserTable Users { get; } = new();

    /// <summary>No new sessions are taken any more; those that are here are being told to go.</summary>
    public bool IsDraining { get; set; }

    public long NextSessionId() => Interlocked.Increment(ref _sessionId);
}
