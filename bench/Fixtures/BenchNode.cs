using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using FastPush.Gateway;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Options;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Bench.Fixtures;

/// <summary>A node without sockets and without a ticker: only the benchmark's own thread works.</summary>
internal sealed class BenchNode
{
    // The ring of outcomes is full after so many messages to users, well within a warm-up; then it allocates no more.
    private const int LedgerEntries = 1000;

    private static readonly byte[] s_connect = ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n");

    private readonly Acl _acl;

    public BenchNode()
    {
        using var issuer = new DevIssuer(TimeProvider.System);
        var options = new GatewayOptions { History = new HistoryOptions { Deliveries = LedgerEntries } };
        Node = new Node(
            options,
            TimeProvider.System,
            new TokenVerifier(KeySource.Fixed(issuer.Keys), DevIssuer.Options(new JwtOptions()), TimeProvider.System),
            new GatewayMetrics(new Meters()),
            new MemoryOfflineQueue(options.Offline),
            new MemoryPresence(100_000),
            NullLoggerFactory.Instance);
        var channels = """{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]}"""u8;
        Require(Acl.TryParse(channels, out _acl!), "the channels claim was refused");
    }

    public Node Node { get; }

    /// <summary>A connected client by the name of its user.</summary>
    public StompConnection Connect(string user, NullLink link) => Connect(Principal(user), link);

    /// <summary>Somebody who may do everything at any rate.</summary>
    public Principal Principal(string user) => new(user, Node.Clock.UnixMs + 86_400_000, _acl, new RateClaim(100, 0), []);

    /// <summary>A connected client.</summary>
    public StompConnection Connect(Principal principal, NullLink link)
    {
        var connection = new StompConnection(Node, link, principal);
        Node.Sessions.Add(connection.Session);
        Run(connection, s_connect);
        return connection;
    }

    /// <summary>Connects users <c>u0</c>, <c>u1</c> … and subscribes each to the same destination.</summary>
    public StompConnection[] ConnectSubscribers(int count, NullLink link, string destination, string ack)
    {
        var subscribe = ClientBytes.Stomp($"SUBSCRIBE\nid:0\ndestination:{destination}\nack:{ack}\n\n");
        var connections = new StompConnection[count];
        for (var i = 0; i < count; i++)
        {
            connections[i] = Connect(string.Create(CultureInfo.InvariantCulture, $"u{i}"), link);
            Run(connections[i], subscribe);
        }

        return connections;
    }

    /// <summary>One read and the delivery of what it published, as the event loop does it.</summary>
    public void Run(StompConnection connection, byte[] bytes)
    {
        connection.Receive(bytes);
        connection.EndRead();
        FanoutBatch.Current.Complete(Node);
    }

    /// <summary>A benchmark that does not do what it is named for must not give a figure.</summary>
    public static void Require(bool isMet, string otherwise)
    {
        if (!isMet)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
