using FastPush.Gateway.Cluster;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Envelope;
using FastPush.Protocol.Ids;
using FastPush.Relay.Membership;
using FastPush.Relay.Offline;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using ClusterNode = FastPush.Gateway.Cluster.ClusterNode;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>
/// What a user's message costs the thread that reads the relay, from there to the outbox: nothing. That it is settled is written behind,
/// on another thread, by StackExchange.Redis, which allocates.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class RelayUserAllocationTests : IDisposable
{
    private const int Here = 1;
    private const int There = 2;
    private const int Messages = 500;

    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { MessageMemoryBytes = 64 << 20 } });
    private readonly RedisUserQueues _queues;
    private readonly ClusterNode _cluster;
    private readonly byte[] _message = new byte[256];
    private long _id;

    public RelayUserAllocationTests()
    {
        var options = new UserQueueOptions(_node.Node.Options.Offline, HistoryMessages: 100, HistoryAgeSeconds: 300);
        _queues = new RedisUserQueues(
            new WillingStore(), new Members(), Here, _node.Node.Pool, options, _node.Time, NullLogger.Instance);
        _cluster = new ClusterNode(_node.Node, Here, _queues, null!, new FleetKeys(_node.Node, null!), _ => true, () => true);
        _id = Snowflake.FirstId(_node.Node.Clock.UnixMs);
    }

    public void Dispose()
    {
        _node.Dispose();
        _queues.Dispose();
    }

    [Fact]
    public void A_message_to_a_user_from_the_bytes_of_Redis_to_the_outbox()
    {
        var bob = _node.Open(_node.Principal("bob"), new MemoryLink(keepBytes: false));
        bob.Send("CONNECT\naccept-version:1.2\n\n");
        bob.Subscribe("/user/queue/q");
        _node.Node.Join(_cluster, _node.Node.Presence);
        var first = _id;
        Assert.Equal(0, Allocations.Least(Receive, Messages, rounds: 20));
        Assert.Equal(_id - first, _node.Node.Metrics.Relay.MessagesReceived);
        Assert.InRange(bob.Link.Taken, (_id - first) * 100, long.MaxValue);
        Assert.Equal(0, _queues.Held);
    }

    private void Receive()
    {
        var envelope = new RelayEnvelope
        {
            OriginServerId = There,
            MessageId = ++_id,
            Destination = "/user/bob/queue/q"u8,
            Flags = RelayFlags.TextBody,
            User = "bob"u8,
            Body = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"u8,
        };
        _message[0] = (byte)RelayKind.Message;
        _cluster.OnMessage(_message.AsSpan(0, 1 + envelope.Write(_message.AsSpan(1))));
        _cluster.OnBatchEnd();
    }

    internal sealed class Members : IMembers
    {
        public string Self => "1.1";

        public string Alive => ",1.1,2.1,";

        public long StoreNowMs => 0;

        public Task RefreshAsync(int withinMs) => Task.CompletedTask;

        public bool IsAlive(int serverId) => true;
    }

    /// <summary>Takes every change.</summary>
    internal sealed class WillingStore : IScriptStore
    {
        private static readonly Task<RedisResult> s_done = Task.FromResult(RedisResult.Create(0));

        public event Action? Up
        {
            add { }
            remove { }
        }

        public bool IsUp => true;

        public int CallTimeoutMs => 1000;

        public string Reason => "";

        public long Generation => 1;

        public long UnsureUntilMs => 0;

        public bool IsCluster => false;

        public int SlotOf(RedisKey key) => 0;

        public Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values) => s_done;

        public Task<long> IncrementAsync(string key, long by) => Task.FromResult(by);

        public IEnumerable<string> Keys(string prefix) => [];
    }
}
