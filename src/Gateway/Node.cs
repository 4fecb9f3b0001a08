using System.Security.Cryptography;
using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Deliveries;
using FastPush.Gateway.Engine;
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
using FastPush.Relay.Redis;

namespace FastPush.Gateway;

/// <summary>
/// The parts that every session of this node shares. Made once, by the host or by a test; holds no logic of its own.
/// </summary>
internal sealed class Node
{
    // A token of 8 KiB twice, or once with all else that a client may say of itself.
    private const int ConnectHeadBytes = 16 << 10;

    private readonly ulong _firstAckKey = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
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
        ConnectLimits = ProtocolLimits with
        {
            FrameBytes = 1024,
            Headers = Math.Min(ProtocolLimits.Headers, 32),
            HeadBytes = Math.Max(options.Limits.HeaderLineBytes + 1024, ConnectHeadBytes),
        };
        Clock = new Clock(time);
        Connections = new ConnectionTable(ConnectionBounds.Here(options.Limits));
        Tokens = tokens;
        Metrics = metrics;
        Offline = offline;
        Presence = presence;
        Log = logs.CreateLogger<Node>();
        Memory = new MemoryAccount(options.Limits.MessageMemoryBytes);
        Pool = new PayloadPool(Memory, Discard);
        Histories = new HistoryOrder(Memory, options.Limits.HistoryShareBytes);
        Strangers = new StrangerInput(Sessions, new MemoryShare(Memory, options.Limits.StrangerShareBytes));
        Users = new UserTable(Memory, options.Limits.PrincipalShareBytes);
        Ids = new Snowflake(options.ServerId ?? 0);
        Ledger = new DeliveryLedger(options.History.Deliveries);
        DeadLetters = new DeadLetters(1000);
        Outcomes = new Outcomes(Clock, offline, Ledger, DeadLetters, metrics, logs.CreateLogger<Outcomes>());
        Topics = new TopicTable();
        Outcomes.Lost += lost => Topics.Lost(Encoding.UTF8.GetBytes($"/user/{lost.User}/queue/{lost.Queue}"), lost);
        Fanout = new Fanout(this);
        Redelivery = new Redelivery(this);
    }

    public GatewayOptions Options { get; }

    public ProtocolLimits ProtocolLimits { get; }

    /// <summary>For the first frame: who is not yet known gets room for a token and little more.</summary>
    public ProtocolLimits ConnectLimits { get; }

    public Clock Clock { get; }

    public TokenVerifier Tokens { get; }

    public GatewayMetrics Metrics { get; }

    /// <summary>Replaced once, before there is a session, when the server joins a fleet.</summary>
    public IOfflineQueue Offline { get; private set; }

    public IPresence Presence { get; private set; }

    public ILogger Log { get; }

    /// <summary>What clients make this node keep, bounded by <c>FastPush:Limits:MessageMemoryBytes</c>.</summary>
    public MemoryAccount Memory { get; }

    public PayloadPool Pool { get; }

    /// <summary>What history answers for, and the way to make it less.</summary>
    public HistoryOrder Histories { get; }

    /// <summary>Bytes that somebody answers for: nobody does once all clients are gone and nothing waits for anybody.</summary>
    public long AnsweredBytes => Users.Bytes + Strangers.Share.Bytes + Histories.Share.Bytes;

    /// <summary>What all that have not said who they are make this node keep.</summary>
    public StrangerInput Strangers { get; }

    /// <summary>Gives pages back to the system; null where that cannot be asked for.</summary>
    public static Action<nint, nint>? Discard { get; } = OperatingSystem.IsLinux() ? Native.Discard : null;

    public Snowflake Ids { get; private set; }

    public DeliveryLedger Ledger { get; }

    public DeadLetters DeadLetters { get; }

    public Outcomes Outcomes { get; }

    public Fanout Fanout { get; }

    public Redelivery Redelivery { get; }

    public TopicTable Topics
    {
        get;
        init
        {
            field = value;
            value.Forgotten.UnknownTo = Snowflake.FirstId(Clock.UnixMs) - 1;
        }
    }

    public SessionTable Sessions { get; } = new();

    /// <summary>What is accepted, with a session or without.</summary>
    public ConnectionTable Connections { get; }

    public SubscriptionHeads Heads { get; } = new();

    public UserTable Users { get; }

    /// <summary>The other servers; null without Redis, and until this server has its id.</summary>
    public ClusterNode? Cluster { get; set; }

    /// <summary>
    /// It can do nothing yet: it belongs to a fleet and <see cref="Cluster"/> is not there, or the keys of tokens have not been fetched.
    /// </summary>
    public bool IsStarting => (Options.Redis.Length > 0 && Cluster is null) || !Tokens.HasKeys;

    /// <summary>What it waits for while it is starting, for people.</summary>
    public string StartingFor => Tokens.HasKeys ? "Redis" : "the keys of tokens (FastPush:Jwt)";

    /// <summary>Asked by readiness: what keeps this node from serving as it should, for people; null = nothing.</summary>
    public string? Fault => FaultOf?.Invoke() ?? (IsStarting ? $"the node is starting: it waits for {StartingFor}" : null);

    /// <summary>The connection to Redis; null without it.</summary>
    public RedisStore? Store { get; set; }

    /// <summary>Set by who watches what the node depends on.</summary>
    public Func<string?>? FaultOf { get; set; }

    /// <summary>No new sessions are taken any more; those that are here are being told to go.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Messages can be numbered: in a fleet that takes a lease of the server id.</summary>
    public bool HasIds => Cluster is { } cluster ? cluster.HasLease : !IsStarting;

    /// <summary>The server has its place among the others; from here on it serves.</summary>
    public void Join(ClusterNode cluster, IPresence presence)
    {
        Ids = new Snowflake(cluster.ServerId);
        Offline = cluster.Queues;
        Presence = presence;
        Outcomes.Join(cluster);
        Cluster = cluster;
    }

    /// <summary>
    /// Names a session in <c>ack</c> headers as no other one, of this process or of another before or beside it: its number, counted from
    /// where the process began at random, one of 2^64.
    /// </summary>
    public ulong AckKeyOf(Session session) => _firstAckKey + (ulong)session.Id;

    /// <summary>
    /// No message has a greater id, so nobody can have seen one: those of this server may be ahead of its clock, and clocks of others may
    /// be ahead of it.
    /// </summary>
    public long NewestId
    {
        get
        {
            var unixMs = Clock.UnixMs;
            return Snowflake.FirstId(unixMs + 1 + Ids.AheadMs(unixMs) + (Cluster is null ? 0 : CaughtUp.WindowMs));
        }
    }

    public long NextSessionId() => Interlocked.Increment(ref _sessionId);
}
