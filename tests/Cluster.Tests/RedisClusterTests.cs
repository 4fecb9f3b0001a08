using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>A fleet on Redis Cluster, whose slots move while messages flow.</summary>
public sealed class RedisClusterTests : IAsyncLifetime
{
    private RedisCluster _cluster = null!;
    private Fleet _fleet = null!;

    public async Task InitializeAsync()
    {
        _cluster = await RedisCluster.StartAsync();
        _fleet = await Fleet.StartAsync(_cluster.Configuration, gateways: 2);
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Users_and_topics_of_all_slots_work()
    {
        var alice = await _fleet.ConnectAsync(0, "alice");
        var owners = new HashSet<int>();
        for (var i = 0; i < 30; i++)
        {
            owners.Add(_cluster.OwnerOf(await _cluster.SlotOfAsync($"{{user.{i}}}")));
            var topicReader = await _fleet.SubscribeAsync(1, $"user.{i}", $"/topic/t.{i}");
            await alice.SendAsync($"/topic/t.{i}", $"topic {i}");
            await alice.SendAsync($"/user/user.{i}/queue/q", $"offline {i}");
            Assert.Equal($"topic {i}", (await topicReader.NextAsync()).Body);
            var user = await _fleet.SubscribeAsync(1, $"user.{i}", "/user/queue/q", "ack:client-individual");
            await alice.SendAsync($"/user/user.{i}/queue/q", $"live {i}");
            foreach (var message in await user.TakeAsync(2))
            {
                await user.AckedAsync(message);
            }
        }

        Assert.Equal(3, owners.Count);
        foreach (var server in _cluster.Servers)
        {
            // Readiness asks each of them.
            Assert.NotEqual("0", await server.CommandAsync("EVAL", "return tostring(#redis.call('KEYS', 'push:probe:*'))", "0"));
        }
    }

    [Fact]
    public async Task A_slot_moves_with_its_user_s_messages_and_none_is_lost()
    {
        var slot = await _cluster.SlotOfAsync("{bob}");
        var home = _cluster.OwnerOf(slot);
        var bob = await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", "ack:client-individual", "prefetch-count:5");
        var alice = await _fleet.ConnectAsync(0, "alice");
        var sending = SendAsync();
        var reading = ReadAsync();
        for (var round = 1; round <= 6; round++)
        {
            await _cluster.MoveSlotAsync(slot, (home + round) % 3);
        }

        var accepted = await sending;
        await _fleet.ReadyAsync();
        await alice.SendAsync("/user/bob/queue/q", "end");
        await reading;
        Assert.Equal(200, accepted.Count);
        var owner = _cluster.Servers[_cluster.OwnerOf(slot)];
        await owner.NothingLeftAsync("bob");

        async Task<HashSet<string>> SendAsync()
        {
            var ids = new HashSet<string>();
            var late = Deadline.Token(TimeSpan.FromSeconds(60));
            while (ids.Count < 200)
            {
                late.ThrowIfCancellationRequested();
                try
                {
                    ids.Add(await alice.SendAsync("/user/bob/queue/q", $"{ids.Count}"));
                }
                catch (ConnectionEndedException)
                {
                    // A slot that is half here and half there may refuse (TRYAGAIN); it is said, and the publisher comes back.
                    alice = await _fleet.ConnectAsync(0, "alice");
                }
            }

            return ids;
        }

        // Until the end and every accepted one; what a moving slot gave back comes later.
        async Task ReadAsync()
        {
            var seen = new HashSet<string>();
            var hasEnded = false;
            while (!hasEnded || !(await sending).IsSubsetOf(seen))
            {
                var message = await bob.NextAsync();
                hasEnded |= message.Body == "end";
                Assert.True(seen.Add(message["message-id"]) || message["redelivered"] == "true", "twice without a mark");
                await bob.AckedAsync(message);
            }
        }
    }

    [Fact]
    public async Task A_primary_that_dies_and_comes_back_ends_readiness_for_that_time()
    {
        var dead = _cluster.OwnerOf(await _cluster.SlotOfAsync("{bob-after}"));
        await _cluster.Servers[dead].KillAsync();
        await _fleet.UnreadyAsync();
        await _cluster.Servers[dead].RestartAsync();
        await _cluster.WholeAsync(); // Redis' nodes hear of each other a while after they answer.
        await _fleet.ReadyAsync();
        await _fleet.EverythingWorksAsync("bob");
    }
}
