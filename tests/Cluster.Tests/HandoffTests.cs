using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Clients that go on where they were, on another node and over the other transport.</summary>
[Collection(FleetTestGroup.Name)]
public sealed class HandoffTests(FleetFixture fixture)
{
    private readonly Fleet _fleet = fixture.Fleet;

    [Fact]
    public async Task A_topic_goes_on_by_last_event_id_on_another_node_and_as_a_stream()
    {
        var bob = await _fleet.SubscribeAsync(0, "bob.h1", "/topic/h.1");
        var alice = await _fleet.ConnectAsync(2, "alice.h1");
        var ids = new List<string>();
        await SendAsync(1, 5);
        Assert.Equal(Reading.Numbers(1, 5), await bob.BodiesAsync(5));
        await bob.DisconnectAsync();
        await SendAsync(6, 10);

        bob = await _fleet.SubscribeAsync(1, "bob.h1", "/topic/h.1", $"last-event-id:{ids[4]}");
        await SendAsync(11, 12);
        Assert.Equal(Reading.Numbers(6, 12), await bob.BodiesAsync(7));
        bob.Abort();

        var stream = await _fleet.StreamAsync(2, "bob.h1", ids[8], "/topic/h.1");
        Assert.Equal(Reading.Numbers(10, 12), await stream.DataAsync(3));
        await stream.DisposeAsync();
        await SendAsync(13, 14);

        bob = await _fleet.SubscribeAsync(0, "bob.h1", "/topic/h.1", $"last-event-id:{stream.LastEventId}");
        Assert.Equal(Reading.Numbers(13, 14), await bob.BodiesAsync(2));

        async Task SendAsync(int first, int last)
        {
            foreach (var body in Reading.Numbers(first, last))
            {
                ids.Add(await alice.SendAsync("/topic/h.1", body));
            }
        }
    }

    [Fact]
    public async Task The_unacknowledged_window_of_a_broken_connection_comes_on_another_node_and_as_a_stream()
    {
        var bob = await _fleet.SubscribeAsync(0, "bob.h2", "/user/queue/q", "ack:client-individual");
        var alice = await _fleet.ConnectAsync(2, "alice.h2");
        foreach (var body in Reading.Numbers(1, 6))
        {
            await alice.SendAsync("/user/bob.h2/queue/q", body);
        }

        var window = await bob.TakeAsync(6);
        await bob.AckedAsync(window[0]);
        await bob.AckedAsync(window[3]);
        bob.Abort();

        // The old node may still believe in the old connection when the new one comes.
        bob = await _fleet.SubscribeAsync(1, "bob.h2", "/user/queue/q", "ack:client-individual");
        var rest = await bob.TakeAsync(4);
        Assert.Equal(["2", "3", "5", "6"], rest.Select(m => m.Body));
        Assert.All(rest, m => Assert.Equal("true", m["redelivered"]));
        await bob.AckedAsync(rest[0]);
        bob.Abort();

        var stream = await _fleet.StreamAsync(2, "bob.h2", null, "/user/queue/q");
        Assert.Equal(["3", "5", "6"], await stream.DataAsync(3));
        await fixture.NothingLeftAsync("bob.h2");
    }

    [Fact]
    public async Task A_stream_of_a_user_goes_on_by_Last_Event_ID_without_a_gap()
    {
        var alice = await _fleet.ConnectAsync(0, "alice.h3");
        var stream = await _fleet.StreamAsync(1, "bob.h3", null, "/user/queue/q");
        var ids = new List<string>();
        foreach (var body in Reading.Numbers(1, 4))
        {
            ids.Add(await alice.SendAsync("/user/bob.h3/queue/q", body));
        }

        Assert.Equal(Reading.Numbers(1, 4), await stream.DataAsync(4));
        await stream.DisposeAsync();
        await Deadline.Until(async () => !(await _fleet.PresenceAsync(0, "bob.h3")).Online);
        await alice.SendAsync("/user/bob.h3/queue/q", "5");

        // It had read two when it broke, so to say.
        stream = await _fleet.StreamAsync(2, "bob.h3", ids[1], "/user/queue/q");
        await alice.SendAsync("/user/bob.h3/queue/q", "6");
        Assert.Equal(Reading.Numbers(3, 6), await stream.DataAsync(4));
    }
}
