using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Who is there, over all nodes.</summary>
[Collection(FleetTestGroup.Name)]
public sealed class PresenceTests(FleetFixture fixture)
{
    private readonly Fleet _fleet = fixture.Fleet;

    [Fact]
    public async Task Every_node_knows_how_many_sessions_a_user_has_on_all_of_them()
    {
        Assert.Equal((false, 0, false), await _fleet.PresenceAsync(2, "bob.p1"));
        var one = await _fleet.ConnectAsync(0, "bob.p1");
        var two = await _fleet.ConnectAsync(1, "bob.p1");
        await using (await _fleet.StreamAsync(1, "bob.p1", null, "/user/queue/q"))
        {
            await EverywhereAsync((true, 3, false));
        }

        await EverywhereAsync((true, 2, false));
        one.Abort();
        await EverywhereAsync((true, 1, false));
        await two.DisconnectAsync();
        await EverywhereAsync((false, 0, true));

        async Task EverywhereAsync((bool, int, bool) expected)
        {
            for (var node = 0; node < 3; node++)
            {
                await Deadline.Until(async () => await _fleet.PresenceAsync(node, "bob.p1") == expected, what: $"{expected} at {node}");
            }
        }
    }

    [Fact]
    public async Task The_registry_stands_under_the_names_that_others_read()
    {
        await _fleet.ConnectAsync(0, "bob.p2");
        var redis = fixture.Redis;
        await Deadline.Until(async () => (string?)await redis.CommandAsync("GET", "push:presence:{bob.p2}") == "online");
        Assert.InRange((long)(await redis.CommandAsync("TTL", "push:presence:{bob.p2}"))!, 1, 60);
        var sessions = (object?[])(await redis.CommandAsync("SMEMBERS", "push:session:{bob.p2}"))!;
        var session = (string)Assert.Single(sessions)!;
        Assert.InRange((long)(await redis.CommandAsync("TTL", "push:session:{bob.p2}"))!, 1, 3600);
        await Deadline.Until(async () => (long)(await redis.CommandAsync("EXISTS", $"push:session:{{{session}}}"))! == 1);
        var facts = (object?[])(await redis.CommandAsync("HMGET", $"push:session:{{{session}}}", "userId", "serverId"))!;
        Assert.Equal("bob.p2", facts[0]);
        Assert.Matches("^[0-9]+$", (string)facts[1]!);
    }
}
