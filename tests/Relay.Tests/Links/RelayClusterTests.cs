using FastPush.Redis.Testing;
using FastPush.Relay.Links;

namespace FastPush.Relay.Tests.Links;

/// <summary>The relay over a Redis Cluster of three primaries, whose slots move while it runs.</summary>
public sealed class RelayClusterTests : IAsyncLifetime
{
    private RedisCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await RedisCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task The_shards_of_a_server_are_spread_and_what_is_published_arrives_in_order()
    {
        await using var a = await Relays.StartUpAsync(_cluster.Servers[1].Configuration, 1);
        await using var b = await Relays.StartUpAsync(_cluster.Configuration, 2);

        for (var i = 0; i < 4000; i++)
        {
            Assert.True(a.TryPublish(2, $"{i % 4}:{i}", (uint)i));
        }

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 4000);
        for (var shard = 0; shard < 4; shard++)
        {
            var expected = Enumerable.Range(0, 4000).Where(i => i % 4 == shard).Select(i => $"{shard}:{i}");
            Assert.Equal(expected, b.Receiver.Messages.Where(message => message[0] == '0' + shard));
        }

        var owners = new HashSet<int>();
        for (var shard = 0; shard < 4; shard++)
        {
            owners.Add(_cluster.OwnerOf(await _cluster.SlotOfAsync(RelayLane.ChannelName(2, shard))));
        }

        Assert.InRange(owners.Count, 2, 3);
        foreach (var owner in owners)
        {
            Assert.NotEmpty((object?[])(await _cluster.Servers[owner].CommandAsync("PUBSUB", "SHARDCHANNELS", "push:relay:2:*"))!);
        }

        Assert.Equal(3, a.Relay.Counters.Connected);
    }

    [Fact]
    public async Task What_reaches_nobody_comes_back()
    {
        await using var a = await Relays.StartUpAsync(_cluster.Configuration, 1);
        for (var i = 0; i < 100; i++)
        {
            Assert.True(a.TryPublish(9, Relays.Number(i)));
        }

        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 100);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (9, Relays.Number(i))), a.Receiver.Undelivered);
    }

    [Fact]
    public async Task While_its_slot_moves_a_shard_keeps_its_order_and_every_message_arrives_or_comes_back()
    {
        await using var a = await Relays.StartUpAsync(_cluster.Configuration, 1);
        await using var b = await Relays.StartUpAsync(_cluster.Configuration, 2);
        var slot = await _cluster.SlotOfAsync(RelayLane.ChannelName(2, 0));
        using var stop = new CancellationTokenSource();
        var publishing = PublishAsync(a, stop.Token);

        for (var move = 1; move <= 4; move++)
        {
            var ups = b.Receiver.States.Count(state => state == "up");
            await _cluster.MoveSlotAsync(slot, (_cluster.OwnerOf(slot) + 1) % 3);
            await b.Receiver.UntilAsync(() => b.Receiver.States.Count(state => state == "up") > ups);
            var received = b.Receiver.Messages.Count;
            await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count > received + 50);
        }

        await stop.CancelAsync();
        var published = await publishing;
        await Deadline.Until(() => b.Receiver.Messages.Count + a.Receiver.Undelivered.Count >= published);
        var arrived = b.Receiver.Messages.Select(int.Parse).ToList();
        var returned = a.Receiver.Undelivered.Select(given => int.Parse(given.Message)).ToList();
        Assert.Equal(arrived.Order(), arrived);
        Assert.Equal(Enumerable.Range(0, published), arrived.Concat(returned).Order());
        Assert.Contains(b.Receiver.States, state => state.Contains("push:relay:2:0", StringComparison.Ordinal));
        Assert.Equal(["up"], a.Receiver.States);
    }

    [Fact]
    public async Task A_primary_that_is_gone_and_comes_back_is_used_again()
    {
        await using var a = await Relays.StartUpAsync(_cluster.Configuration, 1);
        await using var b = await Relays.StartUpAsync(_cluster.Configuration, 2);
        var owner = _cluster.Servers[_cluster.OwnerOf(await _cluster.SlotOfAsync(RelayLane.ChannelName(2, 0)))];

        await owner.KillAsync();
        await b.DownAsync($"127.0.0.1:{owner.Port}");
        await Deadline.Until(() => !a.TryPublish(2, "lost"));
        await owner.RestartAsync();
        await Task.WhenAll(a.UpAsync(), b.UpAsync());
        // The cluster itself needs a while until it serves the slots again.
        await Deadline.Until(() => a.TryPublish(2, "again") && b.Receiver.Messages.Contains("again"));
    }

    [Fact]
    public async Task With_all_nodes_gone_it_waits_and_comes_back()
    {
        await using var a = await Relays.StartUpAsync(_cluster.Configuration, 1);
        foreach (var server in _cluster.Servers)
        {
            await server.KillAsync();
        }

        await a.DownAsync("lost");
        foreach (var server in _cluster.Servers)
        {
            await server.RestartAsync();
        }

        await a.UpAsync();
    }

    private static async Task<int> PublishAsync(Relays from, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var published = 0;
        while (!stop.IsCancellationRequested)
        {
            for (var i = 0; i < 10 && from.TryPublish(2, Relays.Number(published)); i++)
            {
                published++;
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        return published;
    }
}
