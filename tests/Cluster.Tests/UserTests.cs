using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Messages to users whose sessions are on other nodes than their publishers.</summary>
[Collection(FleetTestGroup.Name)]
public sealed class UserTests(FleetFixture fixture)
{
    private readonly Fleet _fleet = fixture.Fleet;

    [Fact]
    public async Task A_message_reaches_a_user_on_another_node_as_it_was_sent()
    {
        var bob = await _fleet.SubscribeAsync(1, "bob.1", "/user/queue/q");
        var alice = await _fleet.ConnectAsync(0, "alice.1");
        var id = await alice.SendAsync("/user/bob.1/queue/q", "hello ✓", "x:y", "content-type:text/plain");
        var message = await bob.NextAsync();
        Assert.Equal((id, "hello ✓", "y", "text/plain"), (message["message-id"], message.Body, message["x"], message["content-type"]));
        Assert.Equal(("/user/queue/q", "0", ""), (message["destination"], message["subscription"], message["redelivered"]));

        var stream = await _fleet.StreamAsync(2, "carol.1", null, "/user/queue/messages");
        var posted = await _fleet.PublishAsync(0, new { to = new { user = "carol.1" }, payload = new { a = 1 } });
        Assert.Equal(new SseEvent(posted, "message", """{"a":1}"""), await stream.NextAsync());
    }

    [Fact]
    public async Task Messages_of_one_publisher_keep_their_order_from_node_to_node()
    {
        var bob = await _fleet.SubscribeAsync(2, "bob.2", "/user/queue/q", "ack:client", "prefetch-count:1000");
        var alice = await _fleet.ConnectAsync(0, "alice.2");
        for (var i = 1; i < 500; i++)
        {
            await alice.SendFrameAsync($"SEND\ndestination:/user/bob.2/queue/q\n\n{i}");
        }

        await alice.SendAsync("/user/bob.2/queue/q", "500");
        Assert.Equal(Reading.Numbers(1, 500), await bob.BodiesAsync(500));
    }

    [Fact]
    public async Task Users_of_a_list_get_their_own_copy_wherever_they_are()
    {
        var users = Enumerable.Range(0, 9).Select(i => $"member.{i}").ToArray();
        var members = new List<StompClient>();
        foreach (var (i, user) in users.Index())
        {
            members.Add(await _fleet.SubscribeAsync(i % 3, user, "/user/queue/messages", "ack:client-individual"));
        }

        var id = await _fleet.PublishAsync(1, new { to = new { users }, payload = "all" });
        foreach (var member in members)
        {
            var message = await member.NextAsync();
            Assert.Equal((id, "\"all\""), (message["message-id"], message.Body));
            await member.AckedAsync(message);
        }

        for (var node = 0; node < 3; node++)
        {
            await Deadline.Until(async () => await _fleet.OutcomesAsync(node, id) is { Count: 9 } outcomes
                && outcomes.Values.All(state => state == "acked"));
        }
    }

    [Fact]
    public async Task What_waits_comes_on_another_node_in_order_and_what_was_tried_is_marked()
    {
        var alice = await _fleet.ConnectAsync(0, "alice.3");
        foreach (var body in Reading.Numbers(1, 20))
        {
            await alice.SendAsync("/user/bob.3/queue/q", body);
        }

        var bob = await _fleet.SubscribeAsync(1, "bob.3", "/user/queue/q", "ack:client-individual", "prefetch-count:10");
        var first = await bob.TakeAsync(10);
        foreach (var message in first.Take(5))
        {
            await bob.AckedAsync(message);
        }

        first.AddRange(await bob.TakeAsync(5));
        Assert.Equal(Reading.Numbers(1, 15), first.Select(m => m.Body));
        Assert.All(first, m => Assert.Equal("", m["redelivered"]));
        bob.Abort();

        await fixture.OfflineAsync("bob.3", 15);
        var again = await _fleet.SubscribeAsync(2, "bob.3", "/user/queue/q", "ack:client");
        var second = await again.TakeAsync(15);
        Assert.Equal(Reading.Numbers(6, 20), second.Select(m => m.Body));
        Assert.Equal(Reading.Numbers(6, 15), second.Where(m => m["redelivered"] == "true").Select(m => m.Body));
        await again.AckedAsync(second[^1]);
        await fixture.NothingLeftAsync("bob.3");
    }

    [Fact]
    public async Task What_waits_comes_before_what_is_sent_now()
    {
        var alice = await _fleet.ConnectAsync(0, "alice.4");
        foreach (var body in Reading.Numbers(1, 200))
        {
            await alice.SendAsync("/user/bob.4/queue/q", body);
        }

        var sending = SendAsync();
        var bob = await _fleet.SubscribeAsync(1, "bob.4", "/user/queue/q", "ack:client", "prefetch-count:1024");
        Assert.Equal(Reading.Numbers(1, 400), await bob.BodiesAsync(400));
        await sending;

        async Task SendAsync()
        {
            foreach (var body in Reading.Numbers(201, 400))
            {
                await alice.SendAsync("/user/bob.4/queue/q", body);
            }
        }
    }

    [Fact]
    public async Task Sessions_on_two_nodes_both_get_it_and_one_ACK_settles_it()
    {
        var one = await _fleet.SubscribeAsync(0, "bob.5", "/user/queue/q", "ack:client-individual");
        var two = await _fleet.SubscribeAsync(1, "bob.5", "/user/queue/q", "ack:client-individual");
        var alice = await _fleet.ConnectAsync(2, "alice.5");
        var id = await alice.SendAsync("/user/bob.5/queue/q", "both");
        var (first, second) = (await one.NextAsync(), await two.NextAsync());
        Assert.Equal(("both", "both", id, id), (first.Body, second.Body, first["message-id"], second["message-id"]));
        await one.AckedAsync(first);
        await Deadline.Until(async () => await _fleet.OutcomesAsync(2, id) is var o && o.GetValueOrDefault("bob.5") == "acked");
        await fixture.NothingLeftAsync("bob.5");
        two.Abort();
        await one.DisconnectAsync();
        await Deadline.Until(async () => !(await _fleet.PresenceAsync(2, "bob.5")).Online);

        await alice.SendAsync("/user/bob.5/queue/q", "next");
        var later = await _fleet.SubscribeAsync(2, "bob.5", "/user/queue/q", "ack:client-individual");
        Assert.Equal("next", (await later.NextAsync()).Body);
    }

    [Fact]
    public async Task Outcomes_can_be_asked_for_at_any_node()
    {
        var alice = await _fleet.ConnectAsync(0, "alice.6");
        var id = await alice.SendAsync("/user/bob.6/queue/q", "x");
        await EverywhereAsync("queued");
        var bob = await _fleet.SubscribeAsync(1, "bob.6", "/user/queue/q", "ack:client-individual");
        var message = await bob.NextAsync();
        await EverywhereAsync("delivered");
        await bob.AckedAsync(message);
        await EverywhereAsync("acked");

        async Task EverywhereAsync(string state)
        {
            for (var node = 0; node < 3; node++)
            {
                await Deadline.Until(async () => (await _fleet.OutcomesAsync(node, id)).GetValueOrDefault("bob.6") == state);
            }
        }
    }

    [Fact]
    public async Task An_idempotency_key_counts_on_all_nodes()
    {
        var stream = await _fleet.StreamAsync(2, "bob.7", null, "/user/queue/messages");
        object Message(string text, string key) => new { to = new { user = "bob.7" }, payload = text, idempotencyKey = key };
        var id = await _fleet.PublishAsync(0, Message("once", "order-17"));
        Assert.Equal(id, await _fleet.PublishAsync(1, Message("once", "order-17")));
        Assert.Equal(id, await _fleet.PublishAsync(0, Message("once", "order-17")));
        Assert.Equal(["\"once\""], await stream.DataAsync(1));
        Assert.NotEqual(id, await _fleet.PublishAsync(1, Message("another principal", "order-17"), publisher: "other"));
        await _fleet.PublishAsync(1, Message("last", "order-18"));
        Assert.Equal(["\"another principal\"", "\"last\""], await stream.DataAsync(2));
    }

    [Fact]
    public async Task A_message_that_nobody_took_in_its_time_expires_on_whichever_node()
    {
        var id = await _fleet.PublishAsync(0, new { to = new { user = "bob.8" }, payload = 1, ttlSeconds = 1 });
        await _fleet.PublishAsync(0, new { to = new { user = "bob.8" }, payload = 2 });
        await fixture.OfflineAsync("bob.8", 2);
        var expiresAt = TimeProvider.System.GetUtcNow().AddMilliseconds(1100);
        await Deadline.Until(() => TimeProvider.System.GetUtcNow() > expiresAt);
        var bob = await _fleet.SubscribeAsync(1, "bob.8", "/user/queue/messages", "ack:client");
        Assert.Equal("2", (await bob.NextAsync()).Body);
        await Deadline.Until(async () => (await _fleet.OutcomesAsync(2, id)).GetValueOrDefault("bob.8") == "expired");
    }
}
