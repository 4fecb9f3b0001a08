namespace FastPush.Simulation.Fleet;

/// <summary>A node of a fleet whose memory for messages is full.</summary>
public sealed class FleetMemoryTests
{
    [Fact]
    public void What_found_no_memory_comes_when_there_is_some_and_before_what_is_newer()
    {
        using var world = new FleetWorld(seed: 3);
        world.Advance(10_000);
        var (full, other) = (world.Nodes[0], world.Nodes[1]);
        var reader = Connect(world, full, "dan", isPublisher: false);
        reader.Subscribe("/user/queue/q0", "auto");
        Exchange(world, reader);
        full.FillMemory(isFull: true);
        var publisher = Connect(world, other, "eve", isPublisher: true);
        Publish(world, publisher);
        Assert.DoesNotContain(reader.Connection!.Inbox, frame => frame.Command == "MESSAGE");
        full.FillMemory(isFull: false);
        Publish(world, publisher); // At once: the older one still waits in Redis.
        for (var i = 0; i < 5; i++)
        {
            Exchange(world, reader);
        }

        var came = reader.Connection.Inbox.Where(frame => frame.Command == "MESSAGE").Select(frame => frame.Body.Split('|')[0]);
        Assert.Equal(world.Messages.Values.OrderBy(message => message.Number).Select(message => message.Key), came);
        Assert.Equal(2, world.Messages.Count);
    }

    private static FleetClient Connect(FleetWorld world, FleetNode node, string user, bool isPublisher)
    {
        var client = new FleetClient(world, user, user, isPublisher);
        world.Clients.Add(client);
        client.Connect(node);
        Exchange(world, client);
        return client;
    }

    private static void Publish(FleetWorld world, FleetClient publisher)
    {
        publisher.Publish("dan", "/user/dan/queue/q0", "/user/queue/q0");
        publisher.Connection!.DeliverAll();
        world.Advance(300);
    }

    private static void Exchange(FleetWorld world, FleetClient client)
    {
        client.Connection!.DeliverAll();
        world.Advance(700);
        client.Connection.Take(int.MaxValue);
    }
}
