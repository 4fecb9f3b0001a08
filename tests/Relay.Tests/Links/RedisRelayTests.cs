using FastPush.Redis.Testing;

namespace FastPush.Relay.Tests.Links;

public sealed class RedisRelayTests
{
    [Fact]
    public async Task What_one_server_publishes_arrives_at_another_in_order_for_each_shard()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);
        await using var b = await Relays.StartUpAsync(redis, 2);

        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(a.TryPublish(2, $"{i % 4}:{i}", (uint)i));
        }

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 10_000);
        for (var shard = 0; shard < 4; shard++)
        {
            var expected = Enumerable.Range(0, 10_000).Where(i => i % 4 == shard).Select(i => $"{shard}:{i}");
            Assert.Equal(expected, b.Receiver.Messages.Where(message => message[0] == '0' + shard));
        }

        Assert.InRange(b.Receiver.Batches, 1, 10_000);
        Assert.True(a.Relay.Counters.SentBatches < 10_000);
        Assert.Equal(10_000, a.Relay.Counters.Sent);
        await Deadline.Until(() => b.Relay.Counters.Received == 10_000);
        Assert.Empty(a.Receiver.Messages);
        Assert.Empty(a.Receiver.Undelivered);
        await Deadline.Until(() => a.Relay.WaitingBytes == 0);
    }

    [Fact]
    public async Task Messages_of_any_size_arrive_whole()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);
        await using var b = await Relays.StartUpAsync(redis, 2);
        var messages = new[] { 0, 1, 4090, 4091, 4092, 65_000, 65_531, 65_532, 1_000_000, 10, 3_000_000 }
            .Select((size, i) => new string((char)('a' + i), size)).ToArray();

        foreach (var message in messages)
        {
            Assert.True(a.TryPublish(2, message));
        }

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == messages.Length);
        Assert.Equal(messages, b.Receiver.Messages);
    }

    [Fact]
    public async Task A_message_that_others_would_refuse_is_not_taken()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, options => options with { FrameBytesMax = 200_000 });

        Assert.False(a.TryPublish(2, new string('x', 200_000)));
        Assert.Equal(1, a.Relay.Counters.Refused);
        Assert.Throws<ArgumentOutOfRangeException>(() => a.TryPublish(1024, "x"));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.TryPublish(-1, "x"));
    }

    [Fact]
    public async Task What_reaches_nobody_comes_back_in_order()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);

        for (var i = 0; i < 1000; i++)
        {
            Assert.True(a.TryPublish(9, Relays.Number(i)));
        }

        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 1000);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (9, Relays.Number(i))), a.Receiver.Undelivered);
        Assert.True(a.Relay.IsUp);
        Assert.Equal(1000, a.Relay.Counters.Undelivered);
    }

    [Fact]
    public async Task At_the_end_what_waits_is_sent_and_no_more_is_taken()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var b = await Relays.StartUpAsync(redis, 2);
        var a = await Relays.StartUpAsync(redis, 1, options => options with { StopTimeout = TimeSpan.FromSeconds(30) });
        for (var i = 0; i < 5000; i++)
        {
            Assert.True(a.TryPublish(2, Relays.Number(i)));
        }

        await a.DisposeAsync();

        Assert.False(a.TryPublish(2, "late"));
        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 5000);
        Assert.Empty(a.Receiver.Undelivered);
        Assert.Equal(["up"], a.Receiver.States);
        Assert.Equal(0, a.Relay.WaitingBytes);
    }

    [Fact]
    public async Task At_the_end_what_Redis_does_not_take_in_time_comes_back()
    {
        await using var redis = await RedisServer.StartAsync();
        var a = await Relays.StartUpAsync(redis, 1, options => options with
        {
            PingAfter = TimeSpan.FromSeconds(60),
            StopTimeout = TimeSpan.FromMilliseconds(100),
        });
        redis.Pause();
        Assert.True(a.TryPublish(2, "one"));
        Assert.True(a.TryPublish(2, "two", 1));

        await a.DisposeAsync();

        Assert.Equal(["one", "two"], a.Receiver.Undelivered.Select(given => given.Message).Order());
        Assert.Equal(["up"], a.Receiver.States);
        Assert.Equal(0, a.Relay.WaitingBytes);
        redis.Resume();
    }

    [Fact]
    public async Task Before_there_is_a_connection_nothing_is_taken()
    {
        await using var a = Relays.Start($"127.0.0.1:{Ports.Free()}", 1);
        await a.DownAsync("refused the connection");
        Assert.False(a.TryPublish(2, "x"));
        Assert.False(a.Relay.IsUp);
    }

    [Fact]
    public async Task A_payload_of_another_kind_is_counted_and_the_rest_goes_on()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);

        foreach (var payload in new[]
        {
            "", "\u0002", "\u0001\u0005\0\0\0abc", "\u0001\u0001\0\0\0a\u0001\0", "\u0001\u007f\u007f\u007f\u007fxy",
        })
        {
            await redis.CommandAsync("PUBLISH", "push:relay:1:0", payload);
        }

        await redis.CommandAsync("PUBLISH", "push:relay:1:0", "\u0001\u0001\0\0\0b\0\0\0\0");
        await a.Receiver.UntilAsync(() => a.Receiver.Messages.Count == 3);
        Assert.Equal(["a", "b", ""], a.Receiver.Messages);
        Assert.Equal(5, a.Relay.Counters.Malformed);
        Assert.Equal(["up"], a.Receiver.States);
    }

    [Fact]
    public async Task A_receiver_that_throws_keeps_its_connection()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);
        await using var b = await Relays.StartUpAsync(redis, 2);
        b.Receiver.ThrowAt = "bad";

        foreach (var message in new[] { "one", "bad", "two" })
        {
            Assert.True(a.TryPublish(2, message));
        }

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 2);
        Assert.Equal(["one", "two"], b.Receiver.Messages);
        Assert.Contains(b.Log.Lines, line => line.StartsWith("2102", StringComparison.Ordinal));
        Assert.Equal(["up"], b.Receiver.States);
    }
}
