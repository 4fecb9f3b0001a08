using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Topics whose publishers and subscribers are on different nodes.</summary>
[Collection(FleetTestGroup.Name)]
public sealed class TopicTests(FleetFixture fixture)
{
    private readonly Fleet _fleet = fixture.Fleet;

    [Fact]
    public async Task Subscribers_on_all_nodes_get_what_is_published_on_any_from_their_RECEIPT_on()
    {
        var publishers = new List<StompClient>();
        for (var node = 0; node < 3; node++)
        {
            publishers.Add(await _fleet.ConnectAsync(node, $"publisher.{node}"));
            await publishers[node].SendAsync("/topic/t.1", "nobody listens");
        }

        var listeners = new List<StompClient>();
        for (var node = 0; node < 3; node++)
        {
            listeners.Add(await _fleet.SubscribeAsync(node, $"listener.{node}", "/topic/t.1"));
            listeners.Add(await _fleet.SubscribeAsync(node, $"listener.{node}.b", "/topic/t.1"));
        }

        var stream = await _fleet.StreamAsync(2, "listener.sse", null, "/topic/t.1");
        await Task.WhenAll(publishers.Select((publisher, node) => SendAsync(publisher, node)));
        foreach (var listener in listeners)
        {
            AssertAll(await listener.BodiesAsync(300));
        }

        AssertAll(await stream.DataAsync(300));

        static async Task SendAsync(StompClient publisher, int node)
        {
            foreach (var body in Reading.Numbers(1, 100))
            {
                await publisher.SendAsync("/topic/t.1", $"{node} {body}");
            }
        }

        static void AssertAll(List<string> bodies)
        {
            // The order of one publisher is kept; how they mix is not promised.
            for (var node = 0; node < 3; node++)
            {
                Assert.Equal(Reading.Numbers(1, 100), bodies.Where(b => b[0] == '0' + node).Select(b => b[2..]));
            }
        }
    }

    [Fact]
    public async Task A_topic_without_subscribers_elsewhere_costs_no_relay_message()
    {
        var bob = await _fleet.SubscribeAsync(0, "bob.t2", "/topic/t.2");
        var alice = await _fleet.ConnectAsync(0, "alice.t2");
        await alice.SendAsync("/topic/t.2", "first"); // Says that this node publishes.
        Assert.Equal("first", (await bob.NextAsync()).Body);
        await using var spy = await fixture.Redis.OpenAsync(Deadline.Token());
        var before = await PublishedAsync();
        foreach (var body in Reading.Numbers(1, 50))
        {
            await alice.SendAsync("/topic/t.2", body);
        }

        Assert.Equal(Reading.Numbers(1, 50), await bob.BodiesAsync(50));
        Assert.InRange(await PublishedAsync() - before, 0, 40); // Other tests' sessions may still end, and their messages come again.

        async Task<long> PublishedAsync()
        {
            var stats = (string)(await spy.CommandAsync(Deadline.Token(), "INFO", "commandstats"))!;
            return stats.Split("\r\n").Where(line => line.StartsWith("cmdstat_publish:", StringComparison.Ordinal))
                .Select(line => long.Parse(line.Split("calls=")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture)).Sum();
        }
    }

    [Fact]
    public async Task A_subscriber_who_leaves_its_node_takes_nothing_from_the_others()
    {
        var stays = await _fleet.SubscribeAsync(1, "stays", "/topic/t.3");
        var goes = await _fleet.SubscribeAsync(2, "goes", "/topic/t.3");
        var alice = await _fleet.ConnectAsync(0, "alice.t3");
        await alice.SendAsync("/topic/t.3", "1");
        Assert.Equal("1", (await goes.NextAsync()).Body);
        await goes.CallAsync("UNSUBSCRIBE", ["id:0"]);
        await alice.SendAsync("/topic/t.3", "2");
        var back = await _fleet.SubscribeAsync(2, "goes", "/topic/t.3");
        await alice.SendAsync("/topic/t.3", "3");
        var first = (await back.NextAsync()).Body;
        if (first == "2")
        {
            first = (await back.NextAsync()).Body; // It was still on its way when they were back.
        }

        Assert.Equal("3", first);
        Assert.Equal(Reading.Numbers(1, 3), await stays.BodiesAsync(3));
    }
}
