using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;
using FastPush.Relay.Membership;
using FastPush.Relay.Offline;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Tests.Topics;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Tests.Users;

public sealed class RedisUserQueuesTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const int Here = 1;

    private readonly PayloadPool _pool = new(1 << 20);
    private RedisStore _store = null!;
    private RedisUserQueues _queues = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
        _queues = Queues(_store);
    }

    public async Task DisposeAsync()
    {
        await _queues.StopAsync(TimeSpan.FromSeconds(5));
        _queues.Dispose();
        await _store.DisposeAsync();
        Assert.Equal(0, _pool.Outstanding);
    }

    private RedisUserQueues Queues(RedisStore store) => new(
        store, new Alone(), Here, _pool, new UserQueueOptions(new OfflineOptions(), 100, 300), TimeProvider.System, NullLogger.Instance);

    private Payload Message(long id)
    {
        var envelope = new RelayEnvelope
        {
            OriginServerId = Here,
            MessageId = id,
            Destination = "/user/u/queue/q"u8,
            TimestampMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
            User = "u"u8,
            Body = "hello"u8,
        };
        return PayloadEnvelope.Rent(_pool, envelope, "u", "q")!;
    }

    private async Task<int[]> AcceptAsync(Payload message, bool again = false) =>
        (await _queues.AcceptAsync(new[] { message }, again))[0].Servers;

    private async Task<IReadOnlyList<OfflineMessage>> TakeAsync()
    {
        var taken = await _queues.TakeAsync("u", "q");
        foreach (var message in taken)
        {
            message.Payload.Release();
        }

        return taken;
    }

    [Fact]
    public async Task What_was_settled_here_and_is_stored_again_is_over()
    {
        Assert.Empty(await TakeAsync());
        var message = Message(5);
        Assert.Equal(Here, Assert.Single(await AcceptAsync(message)));
        Assert.True(_queues.Hold(message));
        _queues.Settle(message);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:inflight:{u}:q"));

        // The first answer was lost on its way, so it is sent once more; the history knows that it was stored.
        Assert.Empty(await AcceptAsync(message, again: true));
        Assert.False(_queues.Hold(message));
        Assert.False(await redis.Database.KeyExistsAsync("push:inflight:{u}:q"));
        Assert.False(await redis.Database.KeyExistsAsync("push:offline:{u}:q"));
        message.Release();
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task What_may_have_arrived_counts_as_attempted(bool mayHaveArrived, byte attempts)
    {
        Assert.Empty(await TakeAsync());
        var message = Message(6);
        Assert.Equal(Here, Assert.Single(await AcceptAsync(message)));
        message.Release();
        _queues.Undeliverable(Here, "u", "q", 6, mayHaveArrived);
        Assert.Equal(attempts, Assert.Single(await TakeAsync()).Attempts);
    }

    [Fact]
    public async Task What_a_session_had_from_the_history_while_it_waited_counts_as_attempted()
    {
        var message = Message(8);
        Assert.Empty(await AcceptAsync(message));
        await _queues.AddAsync("u", "q", new[] { new OfflineMessage(message, 2) });
        Assert.Equal(2, Assert.Single(await TakeAsync()).Attempts);
    }

    [Fact]
    public async Task A_message_that_is_here_is_not_given_up_when_it_comes_a_second_time()
    {
        Assert.Empty(await TakeAsync());
        var message = Message(7);
        Assert.Equal(Here, Assert.Single(await AcceptAsync(message)));
        Assert.True(_queues.Hold(message));
        _queues.Undeliverable(Here, "u", "q", 7, mayHaveArrived: false);
        Assert.Empty(await TakeAsync());
        Assert.Equal(0, await redis.Database.ListLengthAsync("push:offline:{u}:q"));
        Assert.Equal(1, _queues.Held);
        message.Release();
    }

    [Fact]
    public async Task Who_left_a_queue_is_sent_nothing_more_of_it()
    {
        Assert.Empty(await TakeAsync());
        _queues.Leave("u", "q");
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:queues:{u}:q"));
        var message = Message(8);
        Assert.Empty(await AcceptAsync(message));
        message.Release();
        Assert.Equal(1, await redis.Database.ListLengthAsync("push:offline:{u}:q"));
        Assert.Equal(8, Assert.Single(await TakeAsync()).Payload.Id);
    }

    [Fact]
    public async Task While_the_store_is_away_who_takes_is_told_at_once()
    {
        await using var away = new RedisStore("localhost:1", new RedisStoreOptions(), TimeProvider.System, NullLogger.Instance);
        using var queues = Queues(away);
        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await queues.TakeAsync("u", "q"));
        Assert.Contains("not answered yet", fault.Message, StringComparison.Ordinal);
        await queues.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Who_takes_and_leaves_in_turns_has_one_of_each_waiting_at_most()
    {
        var spy = new StoreSpy(_store);
        using var queues = new RedisUserQueues(
            spy, new Alone(), Here, _pool, new UserQueueOptions(new OfflineOptions(), 100, 300), TimeProvider.System, NullLogger.Instance);
        var takes = new List<Task<IReadOnlyList<OfflineMessage>>>();
        for (var i = 0; i < 10_000; i++)
        {
            takes.Add(queues.TakeAsync("u", "q").AsTask());
            queues.Leave("u", "q");
            takes.Add(queues.TakeAsync("u", $"q{i}").AsTask());
            queues.Leave("u", $"q{i}");
        }

        foreach (var take in takes)
        {
            Assert.Empty(await take); // Nobody waits for ever.
        }

        await queues.StopAsync(TimeSpan.FromSeconds(5));
        Assert.InRange(spy.Calls, 0, 10_000);
        Assert.False(await redis.Database.KeyExistsAsync("push:queues:{u}:q"));

        // The last wish counts.
        var message = Message(9);
        var first = _queues.TakeAsync("u", "q").AsTask();
        _queues.Leave("u", "q");
        Assert.Empty(await TakeAsync());
        Assert.Empty(await first);
        Assert.Equal(Here, Assert.Single(await AcceptAsync(message)));
        _queues.Settle(message);
        message.Release();
    }

    [Theory]
    [InlineData("run", "another")]
    [InlineData("looks", "-100")]
    public async Task What_was_in_a_restored_Redis_counts_as_attempted_and_what_came_after_does_not(string field, string value)
    {
        var old = Message(11);
        Assert.Empty(await AcceptAsync(old));
        old.Release();
        var ups = 0;
        _store.Up += () => Interlocked.Increment(ref ups);
        var before = _store.UnsureUntilMs;

        // As a copy of an earlier process has it, or one that was looked at less often.
        await redis.Database.HashSetAsync("push:probe-line:{push:probe}", field, value);
        await Until.TrueAsync(() => _store.UnsureUntilMs is > 0 and < long.MaxValue && _store.UnsureUntilMs != before);
        await Until.TrueAsync(() => Volatile.Read(ref ups) == 1);
        Assert.True(Assert.Single(await TakeAsync()).Redelivered);
        _queues.Leave("u", "q");
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:queues:{u}:q"));
        var since = _store.UnsureUntilMs;
        await Until.TrueAsync(() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() > since);
        var young = Message(12);
        Assert.Empty(await AcceptAsync(young));
        young.Release();
        Assert.False((await TakeAsync()).Single(message => message.Payload.Id == 12).Redelivered);
        Assert.Equal(since, _store.UnsureUntilMs);
    }

    private sealed class Alone : IMembers
    {
        public string Self => "1.100";

        public string Alive => ",1.100,";

        public long StoreNowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

        public Task RefreshAsync(int withinMs) => Task.CompletedTask;

        public bool IsAlive(int serverId) => serverId == Here;
    }
}
