using System.Buffers;
using System.Net;
using System.Text;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Links;
using FastPush.Relay.Redis;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;
using ClusterNode = FastPush.Gateway.Cluster.ClusterNode;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>What a topic's message costs on its way to another server and there, once everything is warm: nothing.</summary>
[Collection(NodeCollection.Name)]
public sealed class RelayAllocationTests : IDisposable
{
    private const int Here = 1;
    private const int There = 2;
    private const int Messages = 500;
    private const int Rounds = 8;

    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { MessageMemoryBytes = 64 << 20 } });
    private readonly RelayLanes _lanes = new(Options(), TimeProvider.System);
    private readonly List<StompClient> _clients = [];
    private readonly RedisUserQueues _queues;
    private readonly ClusterNode _cluster;

    public RelayAllocationTests()
    {
        // Neither queues of users nor keys of requests are asked for a topic's message.
        _queues = new RedisUserQueues(
            new RelayUserAllocationTests.WillingStore(),
            new RelayUserAllocationTests.Members(),
            Here,
            _node.Node.Pool,
            new UserQueueOptions(_node.Node.Options.Offline, HistoryMessages: 100, HistoryAgeSeconds: 300),
            _node.Time,
            NullLogger.Instance);
        _cluster = new ClusterNode(_node.Node, Here, _queues, new Topics(), new FleetKeys(_node.Node, null!), _ => true, () => true)
        {
            Relay = new LaneRelay(_lanes),
        };
        _node.Node.Cluster = _cluster;
        _lanes.PlaceBy((lane, _) => lane.Hold());
    }

    public void Dispose()
    {
        // A topic stays until the others were told that nobody listens or publishes here.
        _clients.ForEach(client => client.End());
        _cluster.Topics.Sweep();
        _node.Node.Topics.Sweep(long.MaxValue);
        _cluster.Topics.Sweep();
        Empty();
        _lanes.Dispose();
        _node.Dispose();
        _queues.Dispose();
    }

    [Fact]
    public void A_message_from_the_publisher_to_the_batches_of_another_server()
    {
        var sender = Silent("sender");
        var frame = ClientBytes.Stomp($"SEND\ndestination:/topic/a\n\n{new string('x', 100)}");
        var scratch = new byte[frame.Length];
        var taken = 0;
        AssertNothing(() =>
        {
            // Receive unmasks in place.
            frame.CopyTo(scratch, 0);
            sender.Receive(scratch);
        }, () => taken += Empty());
        Assert.Equal(Messages * Rounds, taken);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_message_from_the_bytes_of_Redis_to_the_outboxes(int subscribers)
    {
        var clients = Enumerable.Range(0, subscribers).Select(i => Silent($"u{i}").Subscribe("/topic/a")).ToList();
        using var payload = new RelayPayload(_cluster, new LinkCounters(), NullLogger.Instance);
        var input = new RelayInput(null!, null!, payload, Options());
        var push = Push();
        var delivered = true;
        AssertNothing(() =>
        {
            var bytes = new ReadOnlySequence<byte>(push);
            delivered &= input.Read(ref bytes) is (true, null) && bytes.IsEmpty;
            _cluster.OnBatchEnd();
        }, () => { });
        Assert.True(delivered);
        Assert.Equal(Messages * Rounds, _node.Node.Metrics.Relay.MessagesReceived);
        Assert.All(clients, client => Assert.InRange(client.Link.Taken, Messages * Rounds * 100L, long.MaxValue));
    }

    private static RelayOptions Options() => new()
    {
        Address = new RedisEndpoints([new IPEndPoint(IPAddress.Loopback, 6379)]),
        ServerId = Here,
    };

    private StompClient Silent(string user)
    {
        var client = _node.Open(_node.Principal(user), new MemoryLink(keepBytes: false));
        client.Send("CONNECT\naccept-version:1.2\n\n");
        _clients.Add(client);
        return client;
    }

    // One round must be clean: in another the pools may grow, or a collection may empty them.
    private static void AssertNothing(Action once, Action afterRound)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            least = Math.Min(least, Allocations.Least(once, Messages, rounds: 1));
            afterRound();
        }

        Assert.Equal(0, least);
    }

    // As a server sends it: a push with a batch of one message.
    private byte[] Push()
    {
        Silent("sender").Send("SEND\ndestination:/topic/a\n\n" + new string('x', 100));
        var batch = Assert.Single(Batches());
        var payload = batch.Payload.ToArray();
        batch.Lane!.Settle(batch);
        const string Channel = "push:relay:1:0";
        var head = $">3\r\n$7\r\nmessage\r\n${Channel.Length}\r\n{Channel}\r\n${payload.Length}\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. payload, .. "\r\n"u8];
    }

    private List<RelayBatch> Batches()
    {
        var batches = _lanes.PlaceBy((lane, dropped) => lane.Drop(dropped));
        _lanes.PlaceBy((lane, _) => lane.Hold());
        return batches;
    }

    private int Empty()
    {
        var batches = Batches();
        var messages = batches.Sum(batch => batch.Count);
        batches.ForEach(batch => batch.Lane!.Settle(batch));
        return messages;
    }

    private sealed class LaneRelay(RelayLanes lanes) : IRelay
    {
        public bool IsUp => true;

        public bool TryPublish(int serverId, uint hash, ReadOnlySpan<byte> message) => lanes.Get(serverId, hash).TryAppend(message);
    }

    /// <summary>Somebody listens on the other server.</summary>
    private sealed class Topics : ITopicStore
    {
        private static readonly Task<int[]> s_servers = Task.FromResult<int[]>([There]);

        public Task<int[]> WatchAsync(byte[] topic) => s_servers;

        public Task<int[]> JoinAsync(byte[] topic) => Task.FromResult<int[]>([]);

        public Task<int[]> LeaveAsync(byte[] topic) => Task.FromResult<int[]>([]);

        public Task ForgetAsync(byte[] topic) => Task.CompletedTask;

        // Not by xunit, whose comparers allocate.
        public void Append(byte[] topic, Payload message)
        {
            if (message.Id == 0)
            {
                throw new InvalidOperationException("a message without an id");
            }
        }

        public Task FlushAsync(byte[] topic) => Task.CompletedTask;

        public Task<TopicPart> ReadAsync(byte[] topic, long afterId) => Task.FromResult(new TopicPart([], IsComplete: true));
    }
}
