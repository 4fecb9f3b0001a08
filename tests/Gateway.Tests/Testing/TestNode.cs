using System.Diagnostics.Metrics;
using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Options;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Notifications.Deliveries;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Clocks;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;
using Microsoft.Extensions.Logging;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>
/// A node without sockets, on time that a test turns by hand. When it is disposed it ends its clients and fails the test if a message
/// or a byte of the pool is still out, or if something was logged as an error.
/// </summary>
internal sealed class TestNode : IDisposable
{
    private static readonly DevIssuer s_issuer = new(new ManualTimeProvider());

    [ThreadStatic]
    private static bool t_isWarm;

    private readonly List<StompClient> _clients = [];
    private readonly ErrorLog _errors = new();
    private readonly Ticker _ticker;
    private readonly long _bytesBefore;

    public TestNode(
        Func<GatewayOptions, GatewayOptions>? configure = null,
        IPresence? presence = null,
        Func<IOfflineQueue, IOfflineQueue>? store = null)
    {
        WarmThread();
        _bytesBefore = BytePool.OutstandingBytes;
        var options = new GatewayOptions();
        options = configure?.Invoke(options) ?? options;
        var tokens = new TokenVerifier(KeySource.Fixed(s_issuer.Keys), DevIssuer.Options(new JwtOptions()), Time);
        Node = new Node(
            options,
            new SteadyClock(Time, options.Cluster.ClockSkewMs),
            tokens,
            new GatewayMetrics(new Meters()),
            store?.Invoke(new MemoryOfflineQueue(options.Offline)) ?? new MemoryOfflineQueue(options.Offline),
            presence ?? new MemoryPresence(100),
            _errors);
        _ticker = new Ticker(Node);
    }

    public ManualTimeProvider Time { get; } = new();

    public Node Node { get; }

    /// <summary>What was logged as an error; a test that expects something takes it out.</summary>
    public List<string> Errors => _errors.Texts;

    public List<string> Warnings => _errors.Warnings;

    /// <summary>False for tests whose messages are larger than what threads keep for encoding.</summary>
    public bool ChecksBytes { get; set; } = true;

    /// <summary>A token of the development issuer, valid from the start of the node's time.</summary>
    public static string Token(string user, int ttlSeconds = 3600) => s_issuer.Issue(user, ttlSeconds: ttlSeconds);

    /// <summary>Somebody who may do everything at any rate.</summary>
    public Principal Principal(
        string user = "alice",
        int ttlSeconds = 1_000_000,
        int burst = 100,
        double perSecond = 0,
        string channels = """{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]}""")
    {
        Assert.True(Acl.TryParse(Encoding.UTF8.GetBytes(channels), out var acl));
        return new Principal(user, Node.Clock.UnixMs + ttlSeconds * 1000L, acl, new RateClaim(burst, perSecond), []);
    }

    /// <summary>A client that has not sent CONNECT; null = its upgrade named nobody.</summary>
    public StompClient Open(Principal? principal, MemoryLink? link = null)
    {
        var client = new StompClient(this, principal, link);
        _clients.Add(client);
        return client;
    }

    /// <summary>A connected client.</summary>
    public StompClient Connect(string user = "alice", string versions = "1.2", string heartBeat = "0,0")
    {
        var client = Open(Principal(user));
        client.Connect(versions, heartBeat);
        return client;
    }

    /// <summary>Lets time pass, tick by tick.</summary>
    public void Advance(int milliseconds) => Inline(() => Time.Advance(TimeSpan.FromMilliseconds(milliseconds)));

    /// <summary>Runs something whose delays are to continue on this thread, inside the call that lets their time pass.</summary>
    public static void Inline(Action action)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public DeliveryState? StateOf(string messageId, string user)
    {
        foreach (var delivery in Node.Ledger.Find(long.Parse(messageId, System.Globalization.CultureInfo.InvariantCulture)))
        {
            if (delivery.User == user)
            {
                return delivery.State;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.End());
        _ticker.Dispose();
        Node.Metrics.Dispose();
        foreach (var message in Completed.Of(Node.Offline.ExpireAsync(long.MaxValue)))
        {
            message.Payload.Release();
        }

        Node.Topics.Sweep(long.MaxValue);
        Assert.Equal([], _errors.Texts);
        Assert.Equal(0, Node.Sessions.Count);
        Assert.Equal(0, Node.Metrics.ConnectionsActive);
        Assert.Equal(0, Node.Topics.Count);
        Assert.Equal(0, Node.Pool.Outstanding);
        Assert.Equal(0, Node.Pool.OutstandingBytes);
        Assert.Equal((0, 0), (Node.Memory.Bytes, Node.AnsweredBytes));
        Assert.Equal(ChecksBytes ? _bytesBefore : BytePool.OutstandingBytes, BytePool.OutstandingBytes);
    }

    // A thread keeps two buffers for encoding once it has delivered; the count begins behind that.
    private static void WarmThread()
    {
        if (t_isWarm)
        {
            return;
        }

        t_isWarm = true;
        using var node = new TestNode { ChecksBytes = false };
        var client = node.Connect().Subscribe("/topic/queued", "ack:client\n").Subscribe("/topic/direct", id: "1");
        client.Publish("/topic/queued", "1");
        client.Publish("/topic/direct", "2");
        client.Publish("/topic/queued", "3");
        Assert.Equal(["1", "2", "3"], client.TakeBodies());
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose() => GC.SuppressFinalize(this);
    }

    private sealed class ErrorLog : ILoggerFactory, ILogger
    {
        public List<string> Texts { get; } = [];

        public List<string> Warnings { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose() => Texts.Clear();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }

            if (logLevel >= LogLevel.Error)
            {
                Texts.Add($"{formatter(state, exception)} {exception}");
            }
        }
    }
}
