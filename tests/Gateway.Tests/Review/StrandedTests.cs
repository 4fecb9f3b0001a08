using FastPush.Gateway.Tests.Testing;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Tests.Review;

/// <summary>A message to a user whose subscriptions change while it is on its way never stays behind while the user is there.</summary>
[Collection(NodeCollection.Name)]
public sealed class StrandedTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Published_before_and_delivered_after_the_only_subscription_was_replaced()
    {
        var alice = _node.Connect();
        alice.Subscribe("/user/queue/messages");
        alice.Send(
            "SEND\ndestination:/user/alice/queue/messages\n\nhello",
            "UNSUBSCRIBE\nid:0\n\n",
            "SUBSCRIBE\nid:1\ndestination:/user/queue/messages\n\n");
        Assert.Equal(["hello"], alice.TakeBodies());
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void Published_while_the_receiver_leaves_and_its_other_session_comes()
    {
        var first = _node.Connect().Subscribe("/user/queue/messages");
        var sender = _node.Connect("bob");
        sender.Connection.Receive(ClientBytes.Stomp("SEND\ndestination:/user/alice/queue/messages\n\nhello"));
        var second = new StompClient(_node, _node.Principal());
        second.Connection.Receive(ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n"));
        second.Connection.Receive(ClientBytes.Stomp("SUBSCRIBE\nid:0\ndestination:/user/queue/messages\n\n"));
        first.End();
        sender.Send();
        second.Send();
        Assert.Contains(second.Take(), f => f.Command == "MESSAGE" && f.Body == "hello");
        Assert.Equal(0, _node.Node.Offline.Count);
        second.End();
    }

    [Fact]
    public void Returned_to_the_queue_while_the_next_session_waits_for_what_was_read_before()
    {
        LateStore? store = null;
        using var node = new TestNode(store: inner => store = new LateStore(inner));
        var first = node.Connect().Subscribe("/user/queue/messages", "ack:client\n");
        node.Connect("bob").Publish("/user/alice/queue/messages", "hello");
        var second = node.Connect();
        store!.Answer = new TaskCompletionSource();
        store.BeforeAdd = () => TestNode.Inline(() => second.Subscribe("/user/queue/messages"));
        first.End();
        Assert.Empty(second.Take());
        Assert.Equal(1, node.Node.Offline.Count);

        var late = store.Answer;
        store.Answer = null;
        TestNode.Inline(late.SetResult);
        Assert.Equal(["hello"], second.TakeBodies());
        Assert.Equal(0, node.Node.Offline.Count);
    }

    // Reads at once and says so later; lets a test do something at the last moment before an addition.
    private sealed class LateStore(IOfflineQueue inner) : IOfflineQueue
    {
        public TaskCompletionSource? Answer { get; set; }

        public Action? BeforeAdd { get; set; }

        public long Count => inner.Count;

        public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages)
        {
            var before = BeforeAdd;
            BeforeAdd = null;
            before?.Invoke();
            return inner.AddAsync(user, queue, messages);
        }

        public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue)
        {
            var taken = inner.TakeAsync(user, queue);
            return Answer is { } answer ? LaterAsync(taken, answer.Task) : taken;
        }

        public ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs) => inner.ExpireAsync(unixMs);

        private static async ValueTask<IReadOnlyList<OfflineMessage>> LaterAsync(
            ValueTask<IReadOnlyList<OfflineMessage>> taken, Task answer)
        {
            await answer;
            return await taken;
        }
    }
}
