using FastPush.Gateway.Tests.Testing;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>
/// What runs on a connection's thread may not wait for a store. These tests run on the one thread there is: if a command waited for the
/// store, they would never end (the runner's deadline fails them), and nothing else would be served meanwhile.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class SlowStoreTests
{
    [Fact]
    public void A_store_that_does_not_answer_holds_up_nobody()
    {
        var store = new StalledQueue();
        using var host = new TestNode(store: _ => store);
        var bob = host.Connect("bob");
        bob.Publish("/user/alice/queue/messages", "while away");

        var alice = host.Connect();
        TestNode.Inline(() => alice.Subscribe("/user/queue/messages"));
        var other = host.Connect("carol").Subscribe("/topic/a");
        bob.Publish("/topic/a", "goes on");
        bob.Publish("/user/alice/queue/messages", "live");

        Assert.Equal(1, store.Asked);
        Assert.Equal(["goes on"], other.TakeBodies());
        Assert.Empty(alice.TakeBodies());

        TestNode.Inline(store.Answer);
        Assert.Equal(["while away", "live"], alice.TakeBodies());
    }

    [Fact]
    public void Messages_taken_for_a_session_that_left_meanwhile_go_back()
    {
        var store = new StalledQueue();
        using var host = new TestNode(store: _ => store);
        var bob = host.Connect("bob");
        bob.Publish("/user/alice/queue/messages", "kept");
        TestNode.Inline(() => host.Connect().Subscribe("/user/queue/messages").End());

        TestNode.Inline(store.Answer);
        Assert.Equal(1, host.Node.Offline.Count);

        store.AnswersAtOnce = true;
        Assert.Equal(["kept"], host.Connect().Subscribe("/user/queue/messages").TakeBodies());
    }

    /// <summary>A real queue that hands nothing over until it is told to.</summary>
    private sealed class StalledQueue : IOfflineQueue
    {
        private readonly MemoryOfflineQueue _queue = new(new OfflineOptions());
        private readonly TaskCompletionSource _answer = new();

        public int Asked { get; private set; }

        public bool AnswersAtOnce { get; set; }

        public long Count => _queue.Count;

        public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages) =>
            _queue.AddAsync(user, queue, messages);

        public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue)
        {
            Asked++;
            return AnswersAtOnce
                ? _queue.TakeAsync(user, queue)
                : new ValueTask<IReadOnlyList<OfflineMessage>>(LaterAsync(user, queue));
        }

        public ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs) => _queue.ExpireAsync(unixMs);

        /// <summary>Everything that was asked for is answered, and used, before this returns.</summary>
        public void Answer() => _answer.SetResult();

        private async Task<IReadOnlyList<OfflineMessage>> LaterAsync(string user, string queue)
        {
            await _answer.Task.ConfigureAwait(false);
            return await _queue.TakeAsync(user, queue);
        }
    }
}
