using FastPush.Gateway.Sessions;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// Brings a run to its end: nothing fails any more, everybody comes back, reads and acknowledges everything; then every accepted message
/// must have come to its user, and nothing may be left anywhere.
/// </summary>
internal sealed class FleetEnding(FleetWorld world)
{
    private const int RoundsMax = 240;
    private const int QuietRounds = 8;

    public static bool IsToEnd(FleetConnection connection) =>
        !connection.Node.IsOver
        && !connection.Node.IsPaused
        && ((!connection.IsFinished
                && (connection.IsLeft || connection.Link.IsAborted || connection.Link.IsGone
                    || (connection.Link.IsEnded && connection.Inbox.Count == 0)))
            || (connection.IsFinished && connection.Link.IsWaiting));

    public static void End(FleetConnection connection)
    {
        connection.Leave();
        connection.EndAtServer();
    }

    public void Run()
    {
        world.Journal.Note("the end begins");
        world.Faults.Heal();
        world.RefusedCommand = null;
        world.RedisOffMs = 0;
        if (!world.IsRedisUp)
        {
            world.StartRedis();
        }

        foreach (var node in world.Nodes.ToList())
        {
            node.KillAfter(int.MaxValue);
            node.Resume();
            node.FillMemory(isFull: false);
        }

        for (var id = 1; world.Nodes.Count < 2; id++)
        {
            if (!world.Nodes.Exists(n => n.ServerId == id))
            {
                world.StartNode(id);
            }
        }

        for (var round = 0; round < 40; round++)
        {
            Turn();
        }

        Collect();
        Settle();
        Account();
        Leave();
    }

    private void Collect()
    {
        world.Journal.Note("all come back");
        foreach (var user in world.Clients.Where(c => !c.IsPublisher).Select(c => c.User).Distinct().ToList())
        {
            var client = new FleetClient(world, $"{user}-last", user, isPublisher: false);
            world.Clients.Add(client);
            ComeBack(client);
        }
    }

    private void ComeBack(FleetClient client)
    {
        var serving = world.Nodes.FindAll(n => n.IsServing);
        if (serving.Count == 0)
        {
            world.Fail($"nobody serves: {string.Join(", ", world.Nodes.Select(n => $"{n} up {n.Store.IsUp} {n.State}"))}");
            world.Check();
        }

        client.Connect(serving[world.Random.Next(serving.Count)]);
        client.Subscribe("/user/queue/q0", "client");
        client.Subscribe("/user/queue/q1", "client");
    }

    private void Settle()
    {
        var quiet = 0;
        for (var round = 0; round < RoundsMax; round++)
        {
            Turn();
            quiet = IsQuiet() ? quiet + 1 : 0;
            if (quiet == QuietRounds)
            {
                return;
            }
        }

        foreach (var (user, model) in world.Redis.Users)
        {
            if (model.Offline.Count + model.InFlight.Count > 0)
            {
                var owners = model.InFlight.Select(f => $"{f.Key} of {f.Value}");
                world.Fail($"what stays for {user}: {model.Offline.Count} offline, in flight {string.Join("; ", owners)}; "
                    + $"alive are {string.Join(' ', world.Nodes.Select(n => n.Token))}");
            }
        }

        world.Fail("it does not come to rest");
        world.Check();
    }

    private void Turn()
    {
        foreach (var connection in world.Connections.FindAll(c => c.IsUsable))
        {
            connection.Take(int.MaxValue);
            connection.DeliverAll();
        }

        world.Check();
        foreach (var client in world.Clients)
        {
            while (client.Connection is { Inbox.Count: > 0 })
            {
                client.Read();
            }

            if (client.Connection is { IsUsable: true })
            {
                client.AckOpen();
            }
        }

        world.Connections.FindAll(IsToEnd).ForEach(End);
        foreach (var client in world.Clients.Where(c => c.Connection is null && c.Name.EndsWith("-last", StringComparison.Ordinal)))
        {
            ComeBack(client);
        }

        world.Advance(500);
    }

    private bool IsQuiet() =>
        world.Redis.Users.Values.All(u => u.Offline.Count == 0 && u.InFlight.Count == 0)
        && world.Connections.TrueForAll(c => !c.IsUsable || (!c.HasOutput && c.Inbox.Count == 0 && IsIdle(c.Session)));

    private static bool IsIdle(Session session)
    {
        foreach (var subscription in session.Subscriptions.Items)
        {
            if (subscription.Backlog.Count > 0 || subscription.Window is { Count: > 0 } || subscription.CatchingUp)
            {
                return false;
            }
        }

        return session.Outbox.IsEmpty;
    }

    private void Account()
    {
        foreach (var message in world.Messages.Values.Where(m => m.User is not null && m.IsAccepted))
        {
            if (message.IsDone)
            {
                world.Reach("done");
            }
            else if (world.MayBeLost(message))
            {
                world.Reach("lost with Redis or with a server that had it alone");
            }
            else
            {
                world.Fail($"{message} is lost");
            }
        }

        world.Check();
    }

    private void Leave()
    {
        world.Journal.Note("all leave");
        foreach (var connection in world.Connections.ToList())
        {
            End(connection);
        }

        world.Advance(10_000);
        for (var i = 0; i < 10; i++)
        {
            world.Advance(world.Options.History.AgeSeconds * 100 + 2_000);
        }

        foreach (var node in world.Nodes)
        {
            var (pool, held) = (node.Node.Pool, node.Queues.Held);
            if (pool.Outstanding != 0 || pool.OutstandingBytes != 0 || held != 0 || node.Node.Sessions.Count != 0)
            {
                world.Fail($"{node} has left: {pool.Outstanding} payloads of {pool.OutstandingBytes} bytes, {held} held, "
                    + $"{node.Node.Sessions.Count} sessions");
            }

            if (node.Node.Memory.Bytes != 0 || node.Node.AnsweredBytes != 0)
            {
                world.Fail($"{node} has left: {node.Node.Memory.Bytes} bytes in the account, "
                    + $"{node.Node.AnsweredBytes} that somebody answers for");
            }
        }

        world.Check();
    }
}
