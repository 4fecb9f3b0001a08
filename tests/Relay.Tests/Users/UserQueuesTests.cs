using System.Text;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
using FastPush.Protocol.Stomp;
using FastPush.Relay.Offline;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Tests.Users;

/// <summary>Who has a user's message when servers leave, come late or do not know: server 1 publishes, 2 and 3 have the user.</summary>
public sealed class UserQueuesTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const string User = "bob";
    private const string Queue = "q";

    private readonly PayloadPool _pool = new(8 << 20);
    private readonly Snowflake _ids = new(1);
    private readonly List<RedisStore> _stores = [];
    private RedisUserQueues _one = null!;
    private RedisUserQueues _two = null!;
    private RedisUserQueues _three = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _one = await ServerAsync(1);
        _two = await ServerAsync(2);
        _three = await ServerAsync(3);
    }

    public async Task DisposeAsync()
    {
        foreach (var queues in new[] { _one, _two, _three })
        {
            await queues.StopAsync(TimeSpan.FromSeconds(5));
            queues.Dispose();
        }

        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_leaves_gives_up_what_it_owns_and_never_got()
    {
        await _two.TakeAsync(User, Queue);
        var old = Message(ageMs: 5_000);
        var young = Message(ageMs: 0);
        await AcceptedByAsync(_one, [2], old, young);
        _two.Leave(User, Queue);
        await Until.TrueAsync(async () => await redis.Database.ListLengthAsync("push:offline:{bob}:q") == 2);
        var taken = await _three.TakeAsync(User, Queue);
        Assert.Equal([old.Id, young.Id], taken.Select(m => m.Payload.Id));
        Assert.All(taken, m => Assert.False(m.Redelivered));
    }

    [Fact]
    public async Task A_first_subscription_gets_what_is_on_its_way_before_what_is_newer_and_the_relay_does_not_double_it()
    {
        await _two.TakeAsync(User, Queue);
        var onItsWay = Message(ageMs: -20_000); // Young for as long as the test may take.
        await AcceptedByAsync(_one, [2], onItsWay);
        _two.Leave(User, Queue);
        var taken = await _two.TakeAsync(User, Queue);
        Assert.Equal((onItsWay.Id, false), (Assert.Single(taken).Payload.Id, taken[0].Redelivered));
        Assert.False(_two.Hold(onItsWay));
        await _two.AddAsync(User, Queue, new[] { taken[0] with { Attempts = 1 } });
        Assert.False(_two.Hold(onItsWay)); // Given up: where it is now the store knows.
        await Until.TrueAsync(async () => await redis.Database.ListLengthAsync("push:offline:{bob}:q") == 1);
        Assert.True(Assert.Single(await _three.TakeAsync(User, Queue)).Redelivered);
    }

    [Fact]
    public async Task What_the_relay_brings_from_before_the_subscription_is_taken_and_not_delivered_as_it_comes()
    {
        await _two.TakeAsync(User, Queue);
        await _three.TakeAsync(User, Queue);
        var message = Message(ageMs: 100);
        var other = Message(ageMs: 100); // Before server 2 subscribes again, which may take longer than its age.
        Assert.False(_two.IsOverdue(User, "another", message.Id));
        await AcceptedByAsync(_one, [2, 3], message);

        // Server 2 does not get it, and its client goes to server 3 and comes back.
        _two.Leave(User, Queue);
        Assert.True(_three.Hold(message));
        _three.Settle(message);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:inflight:{bob}:q"));
        Assert.Empty(await _two.TakeAsync(User, Queue));
        Assert.True(_two.IsOverdue(User, Queue, message.Id));

        // Were it not over, the take would bring it, and say that it may not be the first time.
        await AcceptedByAsync(_one, [2, 3], other);
        var late = Assert.Single(await _two.TakeAsync(User, Queue));
        Assert.Equal((other.Id, true), (late.Payload.Id, late.Redelivered));
        Assert.False(_two.IsOverdue(User, Queue, Message(ageMs: -10).Id));
    }

    [Fact]
    public async Task An_acceptance_that_is_done_behind_the_message_s_end_brings_nothing_back()
    {
        // What was sent first and given up is done last: such are connections that stood still.
        var message = Message(ageMs: 0);
        Assert.True(_two.Hold(message, isStored: false));
        _two.Settle(message);
        await Until.TrueAsync(async () => await redis.Database.KeyExistsAsync("push:history:{bob}:q"));
        Assert.Empty((await _two.AcceptAsync(new[] { Message(message.Id) }, again: false))[0].Servers);
        Assert.False(await redis.Database.KeyExistsAsync("push:offline:{bob}:q"));

        // With newer ones in between, and for one whose repetition was stored and settled.
        var repeated = Message(ageMs: 0);
        await _three.AcceptAsync(new[] { repeated }, again: true);
        await _three.AcceptAsync(new[] { Message(ageMs: -1) }, again: false);
        var taken = await _two.TakeAsync(User, Queue);
        taken.ToList().ForEach(m => _two.Settle(m.Payload));
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:inflight:{bob}:q"));
        _two.Leave(User, Queue);
        Assert.Empty((await _three.AcceptAsync(new[] { Message(repeated.Id) }, again: false))[0].Servers);
        Assert.False(await redis.Database.KeyExistsAsync("push:offline:{bob}:q"));
    }

    [Fact]
    public async Task What_a_resuming_client_gets_from_the_history_counts_as_attempted_where_it_waits()
    {
        var waits = Message(ageMs: 0);
        await AcceptedByAsync(_one, [], waits);
        Assert.Equal(waits.Id, Assert.Single((await _three.ReadHistoryAsync(User, Queue, 0)).Messages).Payload.Id);
        Assert.True(Assert.Single(await _two.TakeAsync(User, Queue)).Redelivered);

        // The same for one that server 2 has, and gives back without having sent it.
        var other = Message(ageMs: 0);
        await AcceptedByAsync(_one, [2], other);
        Assert.Equal(other.Id, Assert.Single((await _three.ReadHistoryAsync(User, Queue, waits.Id)).Messages).Payload.Id);
        Assert.Empty((await _three.ReadHistoryAsync(User, Queue, other.Id)).Messages);
        Assert.Empty((await _three.ReadHistoryAsync(User, "another", 0)).Messages);
        Assert.True(_two.Hold(other));
        _two.Leave(User, Queue);
        await _two.AddAsync(User, Queue, new[] { new OfflineMessage(other, 0) });
        await Until.TrueAsync(async () => await redis.Database.ListLengthAsync("push:offline:{bob}:q") == 1);
        Assert.True(Assert.Single(await _three.TakeAsync(User, Queue)).Redelivered);
    }

    [Fact]
    public async Task What_was_settled_elsewhere_is_not_put_back_by_one_that_did_not_know()
    {
        await _two.TakeAsync(User, Queue);
        var message = Message(ageMs: 0);
        await AcceptedByAsync(_one, [2], message);
        Assert.True(_two.Hold(message, isStored: false)); // As after an outage: whether the store still has it is not known.
        var settled = new TaskCompletionSource<Exception?>();
        _three.Settle(message, settled.SetResult);
        Assert.Null(await settled.Task.WaitAsync(Until.Deadline));
        await _two.AddAsync(User, Queue, new[] { new OfflineMessage(message, 1) });
        Assert.Empty(await _two.TakeAsync(User, Queue)); // Behind that.
        Assert.False(await redis.Database.KeyExistsAsync("push:inflight:{bob}:q"));
        Assert.Empty((await _one.AcceptAsync(new[] { Message(message.Id) }, again: true))[0].Servers);
        Assert.False(await redis.Database.KeyExistsAsync("push:offline:{bob}:q"));
    }

    [Fact]
    public async Task What_the_store_lost_or_never_had_is_written_when_it_is_given_up()
    {
        var lost = Message(ageMs: 0);
        Assert.True(_two.Hold(lost, isStored: false));
        await _two.AddAsync(User, Queue, new[] { new OfflineMessage(lost, 1) });
        await Until.TrueAsync(async () => await redis.Database.ListLengthAsync("push:offline:{bob}:q") == 1);
        var taken = Assert.Single(await _three.TakeAsync(User, Queue));
        Assert.Equal((lost.Id, true), (taken.Payload.Id, taken.Redelivered));
        _three.Settle(taken.Payload);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:inflight:{bob}:q"));

        // Its first server finds out late that the store is back, and stores it: it is over.
        var stored = await _two.AcceptAsync(new[] { Message(lost.Id) }, again: true);
        Assert.Empty(stored[0].Servers);
        Assert.False(await redis.Database.KeyExistsAsync("push:offline:{bob}:q"));
    }

    [Fact]
    public async Task A_full_queue_takes_nothing_from_another_of_its_user()
    {
        var one = await ServerAsync(1, new OfflineOptions { Messages = 3, Bytes = 1_000 });
        var alert = Message(ageMs: 0, queue: "alerts");
        await AcceptedByAsync(one, [], alert);
        var chat = Enumerable.Range(0, 5).Select(_ => Message(ageMs: 0)).ToArray();
        var dropped = (await one.AcceptAsync(chat, again: false)).SelectMany(result => result.Dropped ?? []);
        Assert.Equal(chat.Take(2).Select(m => m.Id), dropped);
        Assert.Equal(alert.Id, Assert.Single(await _two.TakeAsync(User, "alerts")).Payload.Id);
        Assert.Equal(chat.Skip(2).Select(m => m.Id), (await _two.TakeAsync(User, Queue)).Select(m => m.Payload.Id));

        // By bytes as well, and the history of each is its own.
        Payload[] big = [Message(0, "big", new string('x', 600)), Message(0, "big", new string('x', 600))];
        Assert.Equal([big[0].Id], (await one.AcceptAsync(big, again: false)).SelectMany(result => result.Dropped ?? []));
        Assert.Equal([alert.Id], (await _two.ReadHistoryAsync(User, "alerts", 0)).Messages.Select(m => m.Payload.Id));
        Assert.Equal(chat.Select(m => m.Id), (await _two.ReadHistoryAsync(User, Queue, 0)).Messages.Select(m => m.Payload.Id));
        await one.StopAsync(TimeSpan.FromSeconds(5));
        one.Dispose();
    }

    [Fact]
    public async Task What_is_more_than_a_portion_comes_whole_and_in_order()
    {
        var messages = Enumerable.Range(0, 6).Select(_ => Message(0, Queue, new string('x', 60_000))).ToArray();
        await AcceptedByAsync(_one, [], messages);
        var taken = await _two.TakeAsync(User, Queue);
        Assert.Equal(messages.Select(m => m.Id), taken.Select(m => m.Payload.Id));
        var (kept, isComplete) = await _three.ReadHistoryAsync(User, Queue, messages[0].Id);
        Assert.Equal(messages.Skip(1).Select(m => m.Id), kept.Select(m => m.Payload.Id));
        Assert.True(isComplete);
        Assert.Empty((await _three.ReadHistoryAsync(User, Queue, messages[^1].Id)).Messages);

        // What server 2 owned and never got in its former life is claimed in portions, too.
        var members = new Members("3.2") { Alive = ",3.2," };
        var dead = new RedisUserQueues(
            _stores[2], members, 3, _pool, Options(new OfflineOptions()), TimeProvider.System, NullLogger.Instance);
        var claimed = await dead.TakeAsync(User, Queue);
        Assert.Equal(messages.Select(m => m.Id), claimed.Select(m => m.Payload.Id));
        Assert.All(claimed, m => Assert.True(m.Redelivered));
        await dead.StopAsync(TimeSpan.FromSeconds(5));
        dead.Dispose();
    }

    private static UserQueueOptions Options(OfflineOptions offline) => new(offline, HistoryMessages: 100, HistoryAgeSeconds: 300);

    private async Task<RedisUserQueues> ServerAsync(int id, OfflineOptions? offline = null)
    {
        var store = await Stores.ConnectAsync(redis);
        _stores.Add(store);
        return new RedisUserQueues(
            store,
            new Members($"{id}.1"),
            id,
            _pool,
            Options(offline ?? new OfflineOptions()),
            TimeProvider.System,
            NullLogger.Instance);
    }

    private static async Task AcceptedByAsync(RedisUserQueues publisher, int[] owners, params Payload[] messages)
    {
        foreach (var result in await publisher.AcceptAsync(messages, again: false))
        {
            Assert.Equal(owners, result.Servers.Order());
        }
    }

    private Payload Message(int ageMs, string queue = Queue, string text = "hello") =>
        Message(_ids.Next(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - ageMs), queue, text);

    private Payload Message(long id, string queue = Queue, string text = "hello")
    {
        var body = Encoding.UTF8.GetBytes(text);
        var payload = _pool.TryRent(MessageTail.Size(20, 0, body.Length))!;
        var unixMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var length = MessageTail.Write(payload.Writable, id, "/user/queue/q"u8, unixMs, [], body, out var headers, out var start);
        payload.Seal(id, unixMs, length, headers, start, isText: true);
        payload.User = User;
        payload.Queue = queue;
        return payload;
    }
}
