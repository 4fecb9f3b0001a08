using System.Text;
using FastPush.Gateway;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Options;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;

namespace FastPush.Simulation;

/// <summary>
/// A gateway node with its clients, on one thread, on time that stands still between steps, with every choice drawn from one seed.
/// </summary>
internal sealed class World : IDisposable
{
    public const int MessageBytesMax = 6000;

    // Never full.
    private const long RoomyBytes = 1L << 30;
    private const int SmallFrameBytes = MessageBytesMax + 1000;

    private static readonly DevIssuer s_issuer = new(new ManualTimeProvider());

    private readonly Acl _acl;
    private readonly Ticker _ticker;
    private readonly WireCheck _wire;
    private readonly Invariants _invariants;
    private readonly MemoryShare _others;
    private string? _violation;
    private bool _isSlow;

    public World(int seed)
    {
        Random = new Random(seed);
        var options = Draw();
        Offline = new SlowOfflineQueue(new MemoryOfflineQueue(options.Offline), () => _isSlow && Random.Next(3) > 0, Journal);
        _isSlow = HasSlowQueue = Random.Next(2) == 0;
        var tokens = new TokenVerifier(KeySource.Fixed(s_issuer.Keys), DevIssuer.Options(new JwtOptions()), Time);
        Node = new Node(
            options,
            Time,
            tokens,
            new GatewayMetrics(new UnreadMeters()),
            Offline,
            new MemoryPresence(100),
            new ErrorLog(what => Fail($"the gateway logged: {what}")));
        _others = new MemoryShare(Node.Memory, long.MaxValue);
        Strangers = new Strangers(this);
        Model = new Model(this);
        _wire = new WireCheck(this);
        _invariants = new Invariants(this);
        _ticker = new Ticker(Node);
        Assert.True(Acl.TryParse("""{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]}"""u8, out _acl));
        Journal.Note($"slow offline queue {_isSlow}, {options.Limits.OutboxBytes} bytes of outbox, {options.Offline}, {options.History}");
        Populate();
    }

    public Random Random { get; }

    public Journal Journal { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public Node Node { get; }

    public SlowOfflineQueue Offline { get; }

    public Model Model { get; }

    public Strangers Strangers { get; }

    public List<SimClient> Clients { get; } = [];

    /// <summary>All that are not over and settled, in the order of their beginning.</summary>
    public List<SimConnection> Connections { get; } = [];

    /// <summary>What waits offline comes late, and live messages collect behind it.</summary>
    public bool HasSlowQueue { get; }

    /// <summary>Memory may be full, and then histories give way first.</summary>
    public bool MayForget => Node.Options.Limits.MessageMemoryBytes < RoomyBytes;

    /// <summary>Users have a share of the memory that they may reach.</summary>
    public bool HasShares => Node.Options.Limits.FrameBytes == SmallFrameBytes;

    /// <summary>The faults are over; everybody does what brings things to an end.</summary>
    public bool IsEnding { get; private set; }

    public Principal Principal(string user) =>
        new(user, long.MaxValue / 2, _acl, HasShares ? new RateClaim(1_000_000, 1_000_000) : new RateClaim(100, 0), []);

    /// <summary>Others leave so many bytes of the node's memory free; null = they leave all.</summary>
    public void FillMemory(int? free)
    {
        var (bytes, node) = (_others.Bytes, Node.Memory);
        _others.GiveBack(bytes);
        if (free is { } left)
        {
            _others.Take(Math.Max(0, node.BytesMax - node.Bytes - left));
        }

        Journal.Note($"others have {_others.Bytes} bytes of the memory");
    }

    /// <summary>Notes a broken invariant; the run ends after the step.</summary>
    public void Fail(string what) => _violation ??= what;

    public void Run(int steps)
    {
        var actions = new Actions(this);
        for (var step = 0; step < steps; step++)
        {
            actions.Next();
            Check();
        }

        IsEnding = true;
        FillMemory(free: null);
        Strangers.LeaveAll();
        _isSlow = false;
        new Ending(this, actions).Run();
    }

    /// <summary>Looks at everything; throws when something is wrong.</summary>
    public void Check()
    {
        foreach (var connection in Connections)
        {
            _wire.Look(connection);
        }

        _invariants.Check();
        Strangers.Check();
        Offline.Given.Clear();
        Connections.RemoveAll(c => c is { IsFinished: true, Link.IsWaiting: false });
        if (_violation is not null)
        {
            throw new SimulationException(_violation);
        }
    }

    /// <summary>Lets time pass. Clients keep their heart-beats meanwhile.</summary>
    public void Advance(int milliseconds)
    {
        while (milliseconds > 0)
        {
            var part = Math.Min(milliseconds, 500);
            milliseconds -= part;
            Time.Advance(TimeSpan.FromMilliseconds(part));
            Model.MaxUnixMs = Math.Max(Model.MaxUnixMs, Node.Clock.UnixMs);
            foreach (var connection in Connections)
            {
                if (connection is { IsLeft: false, IsFinished: false, IsMute: false, BeatsEveryMs: > 0 }
                    && Node.Clock.NowMs - connection.LastBeatMs >= connection.BeatsEveryMs - 500)
                {
                    connection.LastBeatMs = Node.Clock.NowMs;
                    connection.WriteRaw(ClientBytes.Frame(1, "\n"u8));
                    connection.Deliver(connection.OutBytes);
                    FanoutBatch.Current.Complete(Node);
                }
            }

            Check();
        }
    }

    public void Dispose()
    {
        _ticker.Dispose();
        Node.Metrics.Dispose();
    }

    private T Pick<T>(params T[] choices) => choices[Random.Next(choices.Length)];

    private LimitOptions DrawLimits()
    {
        var limits = new LimitOptions
        {
            OutboxBytes = Pick(4 << 10, 16 << 10, 64 << 10),
            MessageMemoryBytes = RoomyBytes,
            UnprovenConnections = Pick(2, 5, 1000),
            ReservedDescriptors = 0,
        };
        return Random.Next(10) switch
        {
            0 or 1 => limits with { MessageMemoryBytes = 64 << 10 },
            2 or 3 => limits with { MessageMemoryBytes = 2 << 20, FrameBytes = SmallFrameBytes, HistoryShare = 0.25 },
            _ => limits,
        };
    }

    private GatewayOptions Draw() => new()
    {
        Limits = DrawLimits(),
        HeartBeat = new HeartBeatOptions { SendMs = 2000, WantMs = 5000 },
        Ack = new AckOptions { TimeoutMs = Pick(3_000, 10_000, 30_000) },
        Drain = new DrainOptions { TimeoutMs = 10_000, ReadinessMs = 1_000, SpreadMs = 2_000 },
        Offline = new OfflineOptions { Messages = Pick(30, 1000, 1000), TtlSeconds = Pick(120, 7 * 24 * 3600, 7 * 24 * 3600) },
        History = new HistoryOptions { Messages = Pick(0, 20, 100), AgeSeconds = Pick(20, 300) },
    };

    private void Populate()
    {
        for (var i = 0; i < 3; i++)
        {
            Model.Destinations.Add(new Destination(Model.Destinations.Count, $"/topic/t{i}", null, null, isLossy: true));
        }

        string[] users = ["ann", "ben", "cat", "nobody"];
        foreach (var user in users)
        {
            Model.Destinations.Add(new Destination(Model.Destinations.Count, $"/user/{user}/queue/safe", user, "safe", isLossy: false));
            Model.Destinations.Add(new Destination(Model.Destinations.Count, $"/user/{user}/queue/loose", user, "loose", isLossy: true));
        }

        var clients = Random.Next(3, 10);
        for (var i = 0; i < clients; i++)
        {
            Clients.Add(new SimClient(this, i, users[i % 3]));
        }
    }
}
