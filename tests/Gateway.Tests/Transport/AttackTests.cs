using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>Clients that break rules over a real socket: they are told, they end, and nobody else notices.</summary>
public sealed class AttackTests(AttackTests.Fixture fixture) : IClassFixture<AttackTests.Fixture>, IDisposable
{
    private const string SlowConsumers = "push_connections_closed_total{reason=\"slow-consumer\"}";

    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    [Theory]
    [InlineData(new byte[] { 0x81, 0x01, 10 }, "not masked")]
    [InlineData(new byte[] { 0xF1, 0x80, 0, 0, 0, 0 }, "reserved bits")]
    [InlineData(new byte[] { 0x8F, 0x80, 0, 0, 0, 0 }, "unknown opcode")]
    [InlineData(new byte[] { 0x80, 0x80, 0, 0, 0, 0 }, "unexpected continuation")]
    public async Task A_broken_frame_is_answered_before_the_end(byte[] bytes, string message)
    {
        using var client = await RawClient.StompAsync(_gateway, "alice");
        await client.SendAsync(bytes);
        Assert.Equal(message, (await client.ExpectRefusalAsync(1002))["message"]);
    }

    [Fact]
    public async Task Who_goes_on_sending_garbage_still_reads_why_it_ended()
    {
        using var client = await RawClient.StompAsync(_gateway, "alice");
        await client.StompAsync("HELLO\n\n");
        await client.SendAsync(new byte[1 << 20]);
        Assert.Equal("unknown command", (await client.ExpectRefusalAsync(1002))["message"]);
    }

    [Fact]
    public async Task A_command_before_CONNECT_is_answered()
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(RawClient.Upgrade());
        await client.HeadAsync();
        await client.StompAsync("SEND\ndestination:/topic/a\nreceipt:r\n\nx");
        Assert.Equal("r", (await client.ExpectRefusalAsync(1002))["receipt-id"]);
    }

    [Fact]
    public async Task DISCONNECT_and_close_end_in_order()
    {
        using var client = await RawClient.StompAsync(_gateway, "alice");
        await client.StompAsync("DISCONNECT\nreceipt:bye\n\n");
        await client.SendAsync(ClientBytes.Close(1000));
        var frames = await client.ToEndAsync();
        Assert.Equal(["RECEIPT", "CLOSE"], frames.Select(f => f.Command));
        Assert.Equal(1000, frames[1].Code);
    }

    [Fact]
    public async Task A_flood_of_pings_is_answered_one_by_one_to_who_reads()
    {
        const int Count = 5_000;
        using var client = await RawClient.StompAsync(_gateway, "alice");
        var ping = ClientBytes.Frame(9, "0123456789"u8);
        var sending = client.SendAsync([.. Enumerable.Repeat(ping, Count).SelectMany(p => p)]);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal("PONG", (await client.NextAsync()).Command);
        }

        await sending;
    }

    [Fact]
    public async Task A_flood_of_pings_of_who_does_not_read_ends_the_connection()
    {
        var before = await _gateway.MetricAsync(SlowConsumers);
        using var client = await RawClient.StompAsync(_gateway, "alice", receiveBuffer: 4096);
        byte[] pings = [.. Enumerable.Repeat(ClientBytes.Frame(9, new byte[125]), 2_000).SelectMany(p => p)];
        var rounds = 0;
        while (await _gateway.MetricAsync(SlowConsumers) == before && rounds++ < 400)
        {
            try
            {
                await client.SendAsync(pings);
            }
            catch (System.Net.Sockets.SocketException e)
            {
                Assert.NotEqual(0, e.ErrorCode); // It was quicker than the look at the metric.
                break;
            }
        }

        await Deadline.Until(async () => await _gateway.MetricAsync(SlowConsumers) > before);
    }

    [Fact]
    public async Task A_flood_of_SENDs_arrives_whole_and_in_order_where_the_rate_allows_it()
    {
        const int Count = 5_000;
        using var alice = await RawClient.StompAsync(_gateway, "alice");
        await alice.SubscribeAsync("/topic/flood");
        using var bob = await RawClient.StompAsync(_gateway, "bob");
        var sending = bob.StompAsync([.. Enumerable.Range(0, Count).Select(i => $"SEND\ndestination:/topic/flood\n\n{i}")]);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal($"{i}", (await alice.NextAsync()).Body);
        }

        await sending;
    }

    [Fact]
    public async Task A_flood_of_SENDs_beyond_the_rate_is_1008()
    {
        using var client = await RawClient.StompAsync(_gateway, "flooder", query: "&burst=5&perSecond=1");
        await client.StompAsync([.. Enumerable.Repeat("SEND\ndestination:/topic/a\nreceipt:r\n\nx", 1000)]);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("RECEIPT", (await client.NextAsync()).Command);
        }

        Assert.Equal("rate limit", (await client.ExpectRefusalAsync(1008))["message"]);
    }

    [Fact]
    public async Task A_subscriber_that_never_reads_is_closed_and_costs_nobody_else_a_message()
    {
        const int Count = 1_000;
        var slowBefore = await _gateway.MetricAsync(SlowConsumers);
        using var slow = await RawClient.StompAsync(_gateway, "slow", receiveBuffer: 4096);
        await slow.SubscribeAsync("/topic/big");
        using var good = await RawClient.StompAsync(_gateway, "good");
        await good.SubscribeAsync("/topic/big");
        using var bob = await RawClient.StompAsync(_gateway, "bob");
        var memoryBefore = await _gateway.MetricAsync("process_working_set_bytes");
        var keptBefore = await _gateway.MetricAsync("push_message_memory_bytes");
        var frame = ClientBytes.Stomp($"SEND\ndestination:/topic/big\n\n{new string('x', 30_000)}");
        var lastWords = LastWordsAsync();
        for (var i = 0; i < Count; i++)
        {
            await bob.SendAsync(frame);
            Assert.Equal(30_000, (await good.NextAsync()).Body.Length);
        }

        var frames = await lastWords;
        Assert.Equal(slowBefore + 1, await _gateway.MetricAsync(SlowConsumers));
        Assert.InRange(await _gateway.MetricAsync("process_working_set_bytes") - memoryBefore, long.MinValue, 64 << 20);
        await Deadline.Until(async () => await _gateway.MetricAsync("push_message_memory_bytes") <= keptBefore);
        Assert.Equal(["ERROR", "CLOSE"], frames[^2..].Select(f => f.Command));
        Assert.Equal((1008, "slow-consumer"), (frames[^1].Code, frames[^1].Body));

        // They wait for their reader only for so long.
        async Task<List<ServerFrame>> LastWordsAsync()
        {
            await Deadline.Until(async () => await _gateway.MetricAsync(SlowConsumers) > slowBefore);
            return await slow.ToEndAsync();
        }
    }

    [Fact]
    public async Task Connections_cut_off_in_the_middle_of_everything_are_forgotten()
    {
        for (var i = 0; i < 20; i++)
        {
            using var client = await RawClient.StompAsync(_gateway, "alice");
            await client.SubscribeAsync("/topic/a", "ack:client\n");
            await client.StompAsync(
                "BEGIN\ntransaction:t\n\n", "SEND\ndestination:/topic/a\ntransaction:t\n\nx", "SEND\ndestination:/topic/a\n\ny");
            await client.SendAsync(ClientBytes.Stomp("SEND\ndestination:/topic/a\n\nhalf")[..^3]);
        }

        await Deadline.Until(async () => await _gateway.MetricAsync("push_connections_active{transport=\"stomp\"}") == 0);
        await Deadline.Until(async () => await _gateway.MetricAsync("push_message_memory_bytes") == 0);
    }

    public sealed class Fixture() : GatewayFixture(
        "--FastPush:Limits:OutboxBytes=65536",
        "--FastPush:Limits:CommandsPerSecond=0",
        "--FastPush:History:Messages=1",
        "--FastPush:History:AgeSeconds=1");
}
