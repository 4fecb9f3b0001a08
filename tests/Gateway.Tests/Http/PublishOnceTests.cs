using System.Globalization;
using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Http;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Publishing;

namespace FastPush.Gateway.Tests.Http;

/// <summary>Requests that come with the same idempotency key at the same time (hedged requests).</summary>
[Collection(NodeCollection.Name)]
public sealed class PublishOnceTests : IDisposable
{
    private const int BodyBytes = 100_000;

    private readonly TestNode _node = new(options => options with
    {
        Limits = options.Limits with { MessageMemoryBytes = 8 * BodyBytes, FrameBytes = BodyBytes, OutboxBytes = BodyBytes },
    })
    {
        ChecksBytes = false, // Messages are larger than what threads keep.
    };

    private readonly IdempotencyKeys _keys = new(600_000, 1_000);
    private readonly PublishOnce _publisher;
    private readonly Principal _backend;

    public PublishOnceTests()
    {
        _publisher = new PublishOnce(_node.Node, _keys, new HttpPublisher(_node.Node));
        _backend = _node.Principal("backend");
    }

    public void Dispose() => _node.Dispose();

    private static PublishRequest Message(string? key, int bytes = 10)
    {
        var recipient = new Recipient(Encoding.UTF8.GetBytes("/user/bob/queue/q"), Encoding.UTF8.GetBytes("/user/queue/q"), "bob", "q");
        return new PublishRequest([recipient], null, null, new byte[bytes], 0, key);
    }

    private async Task<(long[]? Ids, string Refusal)> PublishAsync(params PublishRequest[] requests)
    {
        var user = _node.Node.Users.Enter(_backend);
        var answer = await _publisher.PublishAsync(user, requests);
        _node.Node.Users.Leave(user);
        return answer;
    }

    private int Queued(long id) => _node.Node.Ledger.Find(id).Count;

    private void EmptyQueue()
    {
        foreach (var message in Completed.Of(_node.Node.Offline.TakeAsync("bob", "q")))
        {
            message.Payload.Release();
        }

        _node.Node.Topics.Sweep(long.MaxValue); // The history.
    }

    [Fact]
    public async Task An_id_is_given_only_for_a_message_that_is_there()
    {
        var (refused, accepted) = (0, 0);
        for (var round = 0; round < 300; round++)
        {
            var key = round.ToString(CultureInfo.InvariantCulture);
            using var barrier = new Barrier(4);
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    barrier.SignalAndWait();
                    return PublishAsync(Message(key, BodyBytes - 1_000));
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()));
            var ids = answers.Where(a => a.Ids is not null).Select(a => a.Ids![0]).Distinct().ToList();
            Assert.True(ids.Count <= 1, "Several ids for one key.");
            Assert.All(ids, id => Assert.Equal(1, Queued(id)));
            refused += ids.Count == 0 ? 1 : 0;
            accepted += ids.Count;
            if (ids.Count == 0)
            {
                EmptyQueue();
            }
        }

        Assert.True(refused > 10 && accepted > 10, $"{refused} refused, {accepted} accepted: nothing was shown.");
    }

    [Fact]
    public async Task Who_comes_meanwhile_waits_and_gets_the_id_of_the_first()
    {
        var first = _keys.TryClaim("backend", ["k"], _node.Node.Clock.NowMs, out _)!;
        var second = PublishAsync(Message("other"), Message("k"));
        Assert.False(second.IsCompleted);
        first.Done(new Dictionary<string, long> { ["k"] = 4711 }, _node.Node.Clock.NowMs);
        var (ids, _) = await second;
        Assert.Equal(4711, ids![1]);
        Assert.Equal(1, Queued(ids[0]));
        Assert.Equal(0, Queued(4711));
    }

    [Fact]
    public async Task When_the_first_fails_one_of_those_who_wait_publishes()
    {
        var first = _keys.TryClaim("backend", ["k"], _node.Node.Clock.NowMs, out _)!;
        var waiting = Enumerable.Range(0, 3).Select(_ => PublishAsync(Message("k"))).ToList();
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        first.Dispose();
        var ids = (await Task.WhenAll(waiting)).Select(answer => answer.Ids![0]).Distinct().ToList();
        Assert.Equal(1, Queued(Assert.Single(ids)));
    }

    [Fact]
    public async Task The_wait_has_an_end()
    {
        using var first = _keys.TryClaim("backend", ["k"], _node.Node.Clock.NowMs, out _);
        var second = PublishAsync(Message("k"));
        _node.Advance(PublishOnce.WaitMs - 1);
        Assert.False(second.IsCompleted);
        _node.Advance(1);
        var (ids, refusal) = await second;
        Assert.Null(ids);
        Assert.Contains("same idempotency key", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_has_each_key_once_and_goes_whole_or_not_at_all()
    {
        var (ids, _) = await PublishAsync(Message("a"), Message("b"), Message("a"), Message(null));
        Assert.Equal(ids![0], ids[2]);
        Assert.Equal(3, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal(1, Queued(id)));

        var (refused, _) = await PublishAsync([Message("b"), Message("c"), .. Enumerable.Repeat(Message(null, BodyBytes - 1_000), 9)]);
        Assert.Null(refused);
        var (again, _) = await PublishAsync(Message("c"), Message("b"));
        Assert.Equal(ids[1], again![1]);
        Assert.Equal(1, Queued(again[0]));
    }
}
