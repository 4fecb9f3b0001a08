using System.Net;
using System.Net.Sockets;
using FastPush.Redis.Testing;

namespace FastPush.Relay.Tests.Links;

/// <summary>What the relay makes of a Redis that is killed, paused, unreachable or fed too fast.</summary>
public sealed class RelayFailureTests
{
    [Fact]
    public async Task After_a_kill_and_a_restart_it_is_subscribed_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1);
        await using var b = await Relays.StartUpAsync(redis, 2);

        await redis.KillAsync();
        await Task.WhenAll(a.DownAsync("lost 127.0.0.1"), b.DownAsync("lost 127.0.0.1"));
        await a.DownAsync("refused the connection");
        Assert.False(a.TryPublish(2, "meanwhile"));
        await redis.RestartAsync();
        await Task.WhenAll(a.UpAsync(), b.UpAsync());
        Assert.True(a.TryPublish(2, "after"));

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 1);
        Assert.Equal(["after"], b.Receiver.Messages);
        Assert.Equal("up", b.Receiver.States.Last());
        // Once for each reason, not for each attempt.
        Assert.InRange(a.Receiver.States.Count, 4, 5);
    }

    [Fact]
    public async Task A_paused_server_is_found_by_the_watchdog_and_what_it_had_comes_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, Relays.Watchful);

        redis.Pause();
        Assert.True(a.TryPublish(2, "one"));
        Assert.True(a.TryPublish(2, "two"));
        await a.DownAsync("no answer to PING");
        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 2);
        Assert.Equal([(2, "one"), (2, "two")], a.Receiver.Undelivered);
        await Deadline.Until(() => a.Relay.WaitingBytes == 0);

        redis.Resume();
        await a.UpAsync();
    }

    [Fact]
    public async Task A_half_open_connection_is_found_by_the_watchdog()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Relays.StartUpAsync($"{redis.ConfigurationAt(proxy.Port)},connectTimeout=300", 1, Relays.Watchful);

        proxy.Stall();
        await a.DownAsync("no answer to PING");
        await a.DownAsync("did not answer in time");
        proxy.Flow();
        await a.UpAsync();
    }

    [Fact]
    public async Task A_cut_connection_is_made_again()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var a = await Relays.StartUpAsync(redis.ConfigurationAt(proxy.Port), 1);

        for (var i = 1; i <= 3; i++)
        {
            proxy.Cut();
            await a.Receiver.UntilAsync(() => a.Receiver.States.Count(state => state == "up") > i);
        }

        Assert.Equal(3, a.Receiver.States.Count(state => state.StartsWith("down: lost", StringComparison.Ordinal)));
        Assert.Equal(4, a.Relay.Counters.Connected);
        Assert.Equal(3, a.Relay.Counters.Disconnected);
    }

    [Fact]
    public async Task What_waits_is_bounded_for_each_server_and_all_that_was_taken_comes_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, options => Relays.Watchful(options) with
        {
            QueueBytesMax = 20 * 1024 * 1024,
            TotalBytesMax = 30 * 1024 * 1024,
            PingTimeout = TimeSpan.FromSeconds(6),
        });
        redis.Pause();

        var message = new string('x', 1000);
        var (first, second) = (0, 0);
        while (a.TryPublish(2, message, (uint)first))
        {
            first++;
        }

        Assert.InRange(a.Relay.WaitingBytes, 19 * 1024 * 1024, 20 * 1024 * 1024);
        while (a.TryPublish(3, message, (uint)second))
        {
            second++;
        }

        Assert.InRange(a.Relay.WaitingBytes, 29 * 1024 * 1024, 30 * 1024 * 1024);
        Assert.InRange(first, 15_000, 21_000);
        Assert.InRange(second, 5_000, 10_500);
        await a.DownAsync("no answer to PING");
        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == first + second);
        Assert.Equal(first, a.Receiver.Undelivered.Count(given => given.ServerId == 2));
        await Deadline.Until(() => a.Relay.WaitingBytes == 0);
        redis.Resume();
        await a.UpAsync();
    }

    [Fact]
    public async Task A_push_over_the_limit_ends_the_connection_and_not_the_process()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Relays.StartUpAsync(redis, 1, options => options with { FrameBytesMax = 200_000 });

        await redis.CommandAsync("PUBLISH", "push:relay:1:0", new string('x', 1_000_000));
        await a.DownAsync("it sent more than 200000 bytes");
        await a.UpAsync();
        Assert.Empty(a.Receiver.Messages);
    }

    [Fact]
    public async Task A_server_that_is_no_Redis_any_more_is_told_by_its_answer()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var a = Relays.Start($"127.0.0.1:{port}", 1);

        using var client = await listener.AcceptTcpClientAsync(Deadline.Token());
        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        await a.DownAsync($"127.0.0.1:{port} is not a Redis server: it answers \"HTTP/1.1 400 Bad Request\"");
    }

    [Fact]
    public async Task A_server_that_says_nothing_or_hangs_up_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var a = Relays.Start($"127.0.0.1:{port},connectTimeout=200", 1);
        await a.DownAsync($"127.0.0.1:{port} accepted the connection but did not answer in time");

        using (var silent = await listener.AcceptTcpClientAsync(Deadline.Token()))
        {
            // The one that timed out.
            Assert.True(silent.Client.IsBound);
        }

        // The next that this one is in time for.
        var ended = a.DownAsync("ended the connection instead of an answer");
        while (!ended.IsCompleted)
        {
            using var next = await listener.AcceptTcpClientAsync(Deadline.Token());
            next.Client.Shutdown(SocketShutdown.Both);
        }

        await ended;
    }

    [Fact]
    public async Task Redis_that_breaks_the_protocol_later_is_left_and_tried_again()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var a = Relays.Start($"127.0.0.1:{port}", 1);
        foreach (var (said, reason) in new[]
        {
            ("oops\r\n", "bytes that are not RESP3"), (":1\r\n:1\r\n+x\r\n", "a reply that no command asked for"),
        })
        {
            using var client = await listener.AcceptTcpClientAsync(Deadline.Token());
            var stream = client.GetStream();
            await stream.WriteAsync("%2\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n"u8.ToArray());

            // Confirmed before it was asked for, a subscription would be asked for once more, and what is said then taken for its answer.
            var asked = "";
            var buffer = new byte[4096];
            while (!asked.Contains("push:relay:1:3", StringComparison.Ordinal))
            {
                var length = await stream.ReadAsync(buffer, Deadline.Token());
                Assert.NotEqual(0, length);
                asked += System.Text.Encoding.ASCII.GetString(buffer, 0, length);
            }

            for (var shard = 0; shard < 4; shard++)
            {
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($">3\r\n+subscribe\r\n+push:relay:1:{shard}\r\n:1\r\n"));
            }

            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(said));
            await a.DownAsync(reason);
        }

        Assert.False(a.Relay.IsUp);
    }
}
