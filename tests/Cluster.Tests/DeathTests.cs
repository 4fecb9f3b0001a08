using System.Text.Json;
using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>A gateway goes, killed or asked to; what it had is not lost with it.</summary>
public sealed class DeathTests : IAsyncLifetime
{
    private const string Window = "ack:client-individual";

    private RedisServer _redis = null!;
    private Fleet _fleet = null!;
    private StompClient _alice = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _fleet = await Fleet.StartAsync(_redis.Configuration);
        _alice = await _fleet.ConnectAsync(0, "alice");
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task SendAsync(string user, int first, int last)
    {
        foreach (var body in Reading.Numbers(first, last))
        {
            await _alice.SendAsync($"/user/{user}/queue/q", body);
        }
    }

    [Fact]
    public async Task What_a_killed_gateway_had_unacknowledged_waits_for_its_user()
    {
        var bob = await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", Window, "prefetch-count:3");
        await SendAsync("bob", 1, 6);
        var window = await bob.TakeAsync(3);
        await bob.AckedAsync(window[0]);
        window.Add(await bob.NextAsync());
        await _redis.InFlightAsync("bob", 5); // An acknowledgement is written a moment after it was taken.
        await _fleet.Gateways[1].KillAsync();
        Assert.Equal(1006, (await bob.Ended).Code);

        // Of 2 to 4, which bob had, and 5 and 6, which he had not, none is lost, whether he comes before or after the others know.
        await _redis.OfflineAsync("bob", 5);
        bob = await _fleet.SubscribeAsync(2, "bob", "/user/queue/q", Window);
        var again = await bob.TakeAsync(5);
        Assert.Equal(Reading.Numbers(2, 6), again.Select(m => m.Body));
        Assert.Equal(["true", "true", "true"], again.Take(3).Select(m => m["redelivered"]));
        foreach (var message in again)
        {
            await bob.AckedAsync(message);
        }

        await _redis.NothingLeftAsync("bob");
    }

    [Fact]
    public async Task A_user_who_is_back_before_the_death_is_known_gets_old_and_new()
    {
        var bob = await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", Window);
        await SendAsync("bob", 1, 3);
        Assert.Equal(Reading.Numbers(1, 3), await bob.BodiesAsync(3));
        await _fleet.Gateways[1].KillAsync();
        bob = await _fleet.SubscribeAsync(2, "bob", "/user/queue/q", Window);
        await SendAsync("bob", 4, 6);
        var all = await bob.TakeAsync(6);
        Assert.Equal(Reading.Numbers(1, 6), all.Select(m => m.Body).Order());
        Assert.Equal(Reading.Numbers(4, 6), all.Where(m => m.Body[0] >= '4').Select(m => m.Body));
        Assert.All(all.Where(m => m.Body[0] <= '3'), m => Assert.Equal("true", m["redelivered"]));
    }

    [Fact]
    public async Task Messages_to_a_user_of_a_gateway_that_nobody_knows_dead_yet_wait()
    {
        await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", Window);
        await _fleet.Gateways[1].KillAsync();
        await SendAsync("bob", 1, 3);
        await _redis.OfflineAsync("bob", 3);
        var bob = await _fleet.SubscribeAsync(0, "bob", "/user/queue/q", Window);
        Assert.Equal(Reading.Numbers(1, 3), await bob.BodiesAsync(3));
        await Deadline.Until(async () => await _fleet.PresenceAsync(2, "bob") == (true, 1, false));
    }

    [Fact]
    public async Task A_gateway_that_stood_still_until_the_others_took_it_for_dead_comes_back()
    {
        var old = await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", Window);
        await SendAsync("bob", 1, 3);
        var window = await old.TakeAsync(3);
        _fleet.Gateways[1].Pause();
        var bob = await _fleet.SubscribeAsync(2, "bob", "/user/queue/q", Window);
        var again = await bob.TakeAsync(3);
        Assert.Equal(Reading.Numbers(1, 3), again.Select(m => m.Body));
        Assert.All(again, m => Assert.Equal("true", m["redelivered"]));
        _fleet.Gateways[1].Resume();
        await _fleet.Gateways[1].UntilAsync(GatewayState.Ready);
        await old.AckedAsync(window[0]); // Either connection may still settle it.
        await bob.AckedAsync(again[0]);
        await bob.AckedAsync(again[1]);
        await bob.AckedAsync(again[2]);
        await _redis.NothingLeftAsync("bob");
        await Deadline.Until(async () =>
        {
            // It is one of them again: a message reaches bob on both.
            await _alice.SendAsync("/user/bob/queue/q", "later");
            return old.Messages.TryRead(out var m) && m.Body == "later";
        });
    }

    [Fact]
    public async Task A_killed_gateway_is_no_subscriber_and_its_place_can_be_taken()
    {
        await _fleet.SubscribeAsync(1, "bob", "/topic/t");
        var carol = await _fleet.SubscribeAsync(2, "carol", "/topic/t");
        await _alice.SendAsync("/topic/t", "1");
        Assert.Equal("1", (await carol.NextAsync()).Body);
        await _fleet.Gateways[1].KillAsync();
        await _fleet.RestartAsync(1);
        var bob = await _fleet.SubscribeAsync(1, "bob", "/topic/t");
        await _alice.SendAsync("/topic/t", "2");
        Assert.Equal("2", (await bob.NextAsync()).Body);
        Assert.Equal("2", (await carol.NextAsync()).Body);
    }

    [Fact]
    public async Task SIGTERM_moves_clients_to_the_other_nodes_without_a_loss()
    {
        var bob = await _fleet.SubscribeAsync(1, "bob", "/user/queue/q", Window, "prefetch-count:20");
        var carol = await _fleet.ConnectAsync(1, "carol");
        var publishing = PublishAsync();
        var seen = await ReadUntilAsync(bob, 50, acknowledge: body => int.Parse(body, null) % 5 != 0);
        _fleet.Gateways[1].Terminate();
        await _fleet.Gateways[1].StatusAsync("/health/ready");
        foreach (var client in new[] { bob, carol })
        {
            var end = await client.Ended.WaitAsync(Deadline.Default);
            Assert.Equal(1012, end.Code);
            Assert.InRange(JsonDocument.Parse(end.Reason).RootElement.GetProperty("retryAfterMs").GetInt32(), 1, 10_000);
        }

        while (bob.Messages.TryRead(out var last))
        {
            seen.TryAdd(last.Body, false); // Came before the close, unacknowledged.
        }

        bob = await _fleet.SubscribeAsync(2, "bob", "/user/queue/q", Window);
        Assert.Equal(0, await _fleet.Gateways[1].ExitAsync(TimeSpan.FromSeconds(40)));
        while (!Reading.Numbers(1, 300).All(body => seen.TryGetValue(body, out var acked) && acked))
        {
            var message = await bob.NextAsync();
            Assert.True(!seen.ContainsKey(message.Body) || message["redelivered"] == "true", $"{message.Body} came twice without a mark");
            Assert.False(seen.GetValueOrDefault(message.Body), $"{message.Body} came after its ACK");
            await bob.AckAsync(message);
            seen[message.Body] = true;
        }

        await publishing;
        await _redis.NothingLeftAsync("bob");
        Assert.Equal((true, 1, false), await _fleet.PresenceAsync(0, "bob"));
        Assert.False((await _fleet.PresenceAsync(0, "carol")).Online);
        await _fleet.Gateways[0].SaysOnceAsync("has left"); // It said good-bye, so nobody took it for dead.
        Assert.All(_fleet.Gateways, gateway => Assert.DoesNotContain("is dead", gateway.Log, StringComparison.Ordinal));
        Assert.All(_fleet.Gateways, gateway => gateway.AssertNoFaults());

        async Task PublishAsync()
        {
            await SendAsync("bob", 1, 300);
        }

        // ACKs with receipts, so that what was acknowledged is known to the gateway before it goes.
        static async Task<Dictionary<string, bool>> ReadUntilAsync(StompClient client, int count, Func<string, bool> acknowledge)
        {
            var seen = new Dictionary<string, bool>();
            while (seen.Count < count)
            {
                var message = await client.NextAsync();
                Assert.Equal($"{seen.Count + 1}", message.Body);
                seen[message.Body] = acknowledge(message.Body);
                if (seen[message.Body])
                {
                    await client.AckedAsync(message);
                }
            }

            return seen;
        }
    }
}
