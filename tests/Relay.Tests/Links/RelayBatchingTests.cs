using FastPush.Redis.Testing;
using FastPush.Relay.Links;

namespace FastPush.Relay.Tests.Links;

/// <summary>How many messages share a command, and that none waits for others to come.</summary>
public sealed class RelayBatchingTests
{
    [Fact]
    public async Task A_lone_message_is_sent_at_once_though_the_bound_on_waiting_is_never_reached()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, Patient);
        await using var b = await Relays.StartUpAsync(redis, 2);

        for (var i = 1; i <= 20; i++)
        {
            Assert.True(a.TryPublish(2, Relays.Number(i), (uint)i));
            await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == i);
            await Deadline.Until(() => a.Relay.WaitingBytes == 0);
        }

        Assert.Equal(20, a.Relay.Counters.SentBatches);
    }

    [Fact]
    public async Task What_comes_before_the_answer_goes_as_one_command_behind_it()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, Patient);
        await using var b = await Relays.StartUpAsync(redis, 2, Patient);
        redis.Pause();
        Assert.True(a.TryPublish(2, "0"));
        await Deadline.Until(() => a.Relay.Counters.SentBatches == 1);
        for (var i = 1; i < 200; i++)
        {
            Assert.True(a.TryPublish(2, Relays.Number(i), (uint)i));
        }

        Assert.Equal(1, a.Relay.Counters.SentBatches);
        redis.Resume();
        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 200);
        Assert.Equal(Enumerable.Range(0, 200).Select(Relays.Number), b.Receiver.Messages);
        Assert.Equal(2, a.Relay.Counters.SentBatches);
        Assert.Equal(2, await PublishedAsync(redis));
    }

    [Fact]
    public async Task A_full_batch_does_not_wait_for_the_answer()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, Patient);
        await using var b = await Relays.StartUpAsync(redis, 2, Patient);
        redis.Pause();
        Assert.True(a.TryPublish(2, "0"));
        await Deadline.Until(() => a.Relay.Counters.SentBatches == 1);
        var text = new string('x', 10_000);
        for (var i = 1; i < 20; i++)
        {
            Assert.True(a.TryPublish(2, Relays.Number(i) + text));
        }

        // Six of them fill one; three times that is sent, and the last waits.
        await Deadline.Until(() => a.Relay.Counters.SentBatches == 4);
        Assert.Equal(19, a.Relay.Counters.Sent);
        redis.Resume();
        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(Relays.Number), b.Receiver.Messages.Select(message => message.TrimEnd('x')));
        Assert.Equal(5, a.Relay.Counters.SentBatches);
    }

    [Fact]
    public async Task An_answer_that_is_late_holds_nothing_back_for_long()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, Paused);
        redis.Pause();
        for (var i = 1; i <= 5; i++)
        {
            Assert.True(a.TryPublish(2, Relays.Number(i)));
            await Deadline.Until(() => a.Relay.Counters.SentBatches == i);
        }

        redis.Resume();
        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 5);
        Assert.Equal(Enumerable.Range(1, 5).Select(i => (2, Relays.Number(i))), a.Receiver.Undelivered);
    }

    private static RelayOptions Paused(RelayOptions options) => options with { PingTimeout = TimeSpan.FromMinutes(1) };

    private static RelayOptions Patient(RelayOptions options) => Paused(options) with { HoldMax = TimeSpan.FromHours(1) };

    private static async Task<long> PublishedAsync(RedisServer redis)
    {
        var stats = (string)(await redis.CommandAsync("INFO", "commandstats"))!;
        return stats.Split("\r\n").Where(line => line.StartsWith("cmdstat_publish:", StringComparison.Ordinal))
            .Select(line => long.Parse(line.Split("calls=")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture)).Sum();
    }
}
