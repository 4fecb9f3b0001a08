using System.Globalization;
using System.Text;
using FastPush.Gateway.Http;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Tests.Topics;

/// <summary>
/// Every subscriber gets a topic's messages in the order that its history has, whatever threads publish them: who resumes goes on behind
/// the last that they saw.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class PublishingThreadsTests : IDisposable
{
    private readonly TestNode _node = new() { ChecksBytes = false };

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("/topic/a")]
    [InlineData("/user/alice/queue/q")]
    public void A_thread_that_delivers_first_does_not_overtake_what_another_has_published(string destination)
    {
        var shown = destination[1] == 't' ? destination : "/user/queue/q";
        var all = _node.Connect().Subscribe(shown);
        var bob = _node.Connect("bob");

        // This thread is in the middle of a read; what it has published has its places in the history, and is not delivered.
        bob.Connection.Receive(ClientBytes.Stomp($"SEND\ndestination:{destination}\n\n1"));
        OnOtherThread(() => PublishByHttp(destination, "2"));
        bob.Connection.Receive(ClientBytes.Stomp($"SEND\ndestination:{destination}\n\n3"));
        OnOtherThread(() => PublishByHttp(destination, "4"));
        Assert.Empty(all.Take());
        FanoutBatch.Current.Complete(_node.Node);
        var seen = all.Take();
        Assert.Equal(["1", "2", "3", "4"], seen.Select(m => m.Body));

        for (var cut = 0; cut < seen.Count; cut++)
        {
            var back = _node.Connect().Subscribe(shown, $"last-event-id:{seen[cut]["message-id"]}\n", id: "r");
            Assert.Equal(seen.Skip(cut + 1).Select(m => m.Body), back.TakeBodies());
        }
    }

    [Fact]
    public async Task Under_load_from_several_threads_all_subscribers_see_the_order_of_the_history()
    {
        const int Threads = 4;
        const int Each = 400;
        using var node = new TestNode(o => o with { History = o.History with { Messages = 10_000 } }) { ChecksBytes = false };
        var subscribers = Enumerable.Range(0, 8).Select(_ => node.Connect().Subscribe("/topic/a")).ToList();
        using var start = new Barrier(Threads);
        var publishers = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                var publisher = new HttpPublisher(node.Node);
                for (var i = 0; i < Each; i++)
                {
                    Publish(node, publisher, "/topic/a", string.Create(CultureInfo.InvariantCulture, $"{thread}.{i}"));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        await Task.WhenAll(publishers);
        await Deadline.Until(() => Task.FromResult(node.Node.Metrics.MessagesDelivered == Threads * Each * subscribers.Count));
        Assert.True(node.Node.Topics.TryGet("/topic/a"u8, out var topic));
        var history = Enumerable.Range(0, topic.History!.Count).Select(i => Encoding.UTF8.GetString(topic.History.At(i).Body)).ToList();
        Assert.Equal(Threads * Each, history.Count);
        Assert.All(subscribers, subscriber => Assert.Equal(history, subscriber.TakeBodies()));
    }

    [Fact]
    public async Task More_than_one_batch_takes_over_is_delivered_all_the_same()
    {
        const int Count = 6000;
        using var node = new TestNode(o => o with { History = o.History with { Messages = 10_000 } }) { ChecksBytes = false };
        var all = node.Connect().Subscribe("/topic/a", "overflow:spill\n");
        var bob = node.Connect("bob");
        bob.Connection.Receive(ClientBytes.Stomp("SEND\ndestination:/topic/a\n\n0"));
        OnOtherThread(() =>
        {
            var carol = node.Connect("carol");
            for (var i = 1; i <= Count; i++)
            {
                carol.Connection.Receive(ClientBytes.Stomp($"SEND\ndestination:/topic/a\n\n{i}"));
            }

            FanoutBatch.Current.Complete(node.Node);
        });
        FanoutBatch.Current.Complete(node.Node);
        await Deadline.Until(() => Task.FromResult(node.Node.Metrics.MessagesDelivered == Count + 1));
        Assert.Equal(Enumerable.Range(0, Count + 1).Select(i => i.ToString(CultureInfo.InvariantCulture)), all.TakeBodies());
    }

    private void PublishByHttp(string destination, string body) =>
        Publish(_node, new HttpPublisher(_node.Node), destination, body);

    private static void Publish(TestNode node, HttpPublisher publisher, string destination, string body)
    {
        var isTopic = destination[1] == 't';
        var shown = isTopic ? destination : "/user/queue/q";
        var to = new Recipient(
            Encoding.UTF8.GetBytes(destination), Encoding.UTF8.GetBytes(shown), isTopic ? null : "alice", isTopic ? null : "q");
        var user = node.Node.Users.Enter(node.Principal("http"));
        Assert.NotNull(publisher.Publish(user, [new PublishRequest([to], null, null, Encoding.UTF8.GetBytes(body), 0, null)], [default]));
        node.Node.Users.Leave(user);
    }

    private static void OnOtherThread(Action action)
    {
        Exception? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failed = e;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failed);
    }
}
