using FastPush.Gateway.Cluster;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Offline;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Tests.Cluster;

/// <summary>What other servers send, when it cannot be read or its delivery fails: two different failures (R4).</summary>
[Collection(NodeCollection.Name)]
public sealed class RelayedMessageTests : IDisposable
{
    private readonly TestNode _node = new();
    private readonly Queues _queues = new();
    private readonly ClusterNode _cluster;

    public RelayedMessageTests()
    {
        var keys = new FleetKeys(_node.Node, null!); // Nobody publishes here.
        _cluster = new ClusterNode(_node.Node, 1, _queues, new Topics(), keys, _ => true, () => true);
        _node.Node.Join(_cluster, _node.Node.Presence);
    }

    public void Dispose() => _node.Dispose();

    private static byte[] Relayed(long id)
    {
        var envelope = new RelayEnvelope
        {
            OriginServerId = 2,
            MessageId = id,
            Destination = "/user/bob/queue/q"u8,
            Flags = RelayFlags.TextBody,
            User = "bob"u8,
            Body = "hello"u8,
        };
        var bytes = new byte[256];
        bytes[0] = (byte)RelayKind.Message;
        return bytes[..(1 + envelope.Write(bytes.AsSpan(1)))];
    }

    [Fact]
    public void One_whose_delivery_fails_goes_back_to_its_queue_as_attempted()
    {
        _queues.Fails = true;
        _cluster.OnMessage(Relayed(77));
        _cluster.OnBatchEnd();
        var (user, queue, id, attempts) = Assert.Single(_queues.Added);
        Assert.Equal(("bob", "q", 77L, (byte)1), (user, queue, id, attempts));
        Assert.Single(_node.Errors);
        _node.Errors.Clear();

        _queues.Fails = false;
        _cluster.OnMessage(Relayed(78));
        _cluster.OnBatchEnd();
        Assert.Equal([78], _queues.Held);
        Assert.Empty(_node.Errors);
        Assert.Equal(0, _node.Node.Metrics.Relay.MessagesMalformed);
    }

    [Fact]
    public void Ones_that_cannot_be_read_are_counted_each_and_said_once_a_minute()
    {
        var good = Relayed(79);
        _cluster.OnMessage([]);
        _cluster.OnMessage([(byte)RelayKind.Message, 1, 2, 3]);
        _cluster.OnMessage(good.AsSpan(0, good.Length / 2));
        _cluster.OnMessage([250, 250]);
        Assert.Equal(4, _node.Node.Metrics.Relay.MessagesMalformed);
        Assert.Single(_node.Warnings);
        _node.Time.Advance(TimeSpan.FromSeconds(61));
        _cluster.OnMessage([]);
        Assert.Equal((5, 2), ((int)_node.Node.Metrics.Relay.MessagesMalformed, _node.Warnings.Count));
        Assert.Empty(_queues.Added);
        Assert.Empty(_queues.Held);
    }

    private sealed class Queues : IUserQueues
    {
        public event Action<string, long>? Overflowed { add { } remove { } }

        public event Action<Payload>? Expired { add { } remove { } }

        public event Action<string, string, int>? OutOfMemory { add { } remove { } }

        public event Action<string, string, int[]>? Waiting { add { } remove { } }

        public bool Fails { get; set; }

        public List<(string User, string Queue, long Id, byte Attempts)> Added { get; } = [];

        public List<long> Held { get; } = [];

        public long Count => 0;

        public bool Hold(Payload message, bool isStored = true)
        {
            if (Fails)
            {
                throw new InvalidOperationException("a fault of the gateway");
            }

            Held.Add(message.Id);
            return false; // As if it were here already, so that nothing is delivered.
        }

        public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages)
        {
            foreach (var message in messages.Span)
            {
                Added.Add((user, queue, message.Payload.Id, message.Attempts));
                message.Payload.Release();
            }

            return ValueTask.FromResult<IReadOnlyList<OfflineMessage>>([]);
        }

        public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue) =>
            ValueTask.FromResult<IReadOnlyList<OfflineMessage>>([]);

        public ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs) => TakeAsync("", "");

        public Task<AcceptResult[]> AcceptAsync(ReadOnlyMemory<Payload> messages, bool again) => Task.FromResult<AcceptResult[]>([]);

        public Task<QueuePart> ReadHistoryAsync(string user, string queue, long afterId, Func<bool>? isWanted = null) =>
            Task.FromResult(new QueuePart([], IsComplete: true));

        public long? HoldsSince(string user, string queue) => null;

        public void Undeliverable(int serverId, string user, string queue, long id, bool mayHaveArrived) =>
            Added.Add((user, queue, id, 0));

        public bool HasHad(string user, long id) => Held.Contains(id);

        public bool IsUp => true;

        public long OverdueId => 0;

        public bool IsOverdue(string user, string queue, long id) => false;

        public void Uncertain(Payload message) => Held.Remove(message.Id);

        public void Settle(Payload message, Action<Exception?>? done = null)
        {
            Held.Remove(message.Id);
            done?.Invoke(null);
        }

        public void AfterChanges(string user, Action<Exception?> done) => done(null);

        public void Leave(string user, string queue) => Held.Clear();
    }

    private sealed class Topics : ITopicStore
    {
        public Task<int[]> WatchAsync(byte[] topic) => Task.FromResult<int[]>([]);

        public Task<int[]> JoinAsync(byte[] topic) => Task.FromResult<int[]>([]);

        public Task<int[]> LeaveAsync(byte[] topic) => Task.FromResult<int[]>([]);

        public Task ForgetAsync(byte[] topic) => Task.CompletedTask;

        public void Append(byte[] topic, Payload message) => Assert.NotNull(message);

        public Task FlushAsync(byte[] topic) => Task.CompletedTask;

        public Task<TopicPart> ReadAsync(byte[] topic, long afterId) => Task.FromResult(new TopicPart([], IsComplete: true));
    }
}
