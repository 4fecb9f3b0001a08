using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Notifications.Deliveries;

namespace FastPush.Simulation;

/// <summary>Brings a run to its end: everybody comes back, reads and acknowledges everything; then the accounts must be even.</summary>
internal sealed class Ending(World world, Actions actions)
{
    private const int RoundsMax = 400;

    public void Run()
    {
        actions.FinishDrain();
        ComeBack();
        Settle();
        CheckSubscriptions();
        world.Model.Destinations.ForEach(CheckMessages);
        Leave();
        CheckNode();
    }

    private void ComeBack()
    {
        foreach (var client in world.Clients)
        {
            client.Connection?.Client.EndTransaction(commit: true);
        }

        // Each user's own program collects what is left for them.
        var users = world.Model.Destinations.Where(d => d.User is not null).Select(d => d.User!).Distinct();
        foreach (var user in users)
        {
            var client = new SimClient(world, 100 + world.Clients.Count, user);
            world.Clients.Add(client);
            client.Connect();
            foreach (var destination in world.Model.Destinations.Where(d => d.User == user))
            {
                client.Subscribe(destination, world.Random.Next(2) == 0 ? "client" : "auto", "spill", 1000, null, (100, 0));
            }
        }
    }

    // Until nothing moves any more.
    private void Settle()
    {
        for (var round = 0; round < RoundsMax; round++)
        {
            Turn();
            if (round > 10 && IsQuiet())
            {
                return;
            }
        }

        var restless = string.Join(", ", world.Connections.Where(c => !c.IsOpen || !IsIdle(c.Session)));
        var limits = world.Node.Options.Limits;
        world.Fail($"it does not come to rest: {world.Offline.Count} offline, {restless}; memory {world.Node.Memory.Bytes} of "
            + $"{limits.MessageMemoryBytes}, users {world.Node.Users.Bytes} of {limits.PrincipalShareBytes} each");
        world.Check();
    }

    private void Turn()
    {
        while (world.Offline.Calls > 0)
        {
            world.Offline.AnswerNext();
        }

        foreach (var connection in world.Connections.ToList())
        {
            if (connection is { IsFinished: false, IsLeft: false })
            {
                connection.Link.Unblock(int.MaxValue);
                connection.IsMute = false;
                if (connection.OutBytes > 0)
                {
                    connection.Deliver(connection.OutBytes);
                }
            }
        }

        FanoutBatch.Current.Complete(world.Node);
        world.Check();
        foreach (var client in world.Clients)
        {
            while (client.Connection is { Inbox.Count: > 0 })
            {
                client.Read();
            }

            if (client.Connection is { IsFinished: false })
            {
                client.AnswerLate(always: true);
            }
        }

        actions.NoticeAll();
        world.Advance(500);
    }

    private bool IsQuiet() =>
        world.Offline.Calls == 0
        && world.Offline.Count == 0
        && world.Connections.TrueForAll(c => c is { OutBytes: 0, Inbox.Count: 0, IsLeft: false } && c.IsOpen && IsIdle(c.Session));

    private static bool IsIdle(Session session)
    {
        foreach (var subscription in session.Subscriptions.Items)
        {
            if (subscription.Backlog.Count > 0 || subscription.Window is { Count: > 0 })
            {
                return false;
            }
        }

        return session.Outbox.IsEmpty;
    }

    private void CheckSubscriptions()
    {
        foreach (var connection in world.Connections)
        {
            if (connection.Receipts.Count > 0 || !connection.HasConnected)
            {
                world.Fail($"{connection} never got the answer to {connection.Receipts.Values.FirstOrDefault()}");
            }

            foreach (var subscription in connection.Subscriptions.Values.Where(s => s.IsLive))
            {
                var log = subscription.Destination.Log;
                var next = subscription.NextLive;
                while (next < log.Count && log[next].TtlMs > 0)
                {
                    next++;
                }

                var newest = subscription.IsConflating && subscription.Destination.User is null;
                if (next < log.Count && (subscription.IsExact || newest))
                {
                    world.Fail($"{connection} {subscription} never got {log[next]}");
                }

                if (subscription is { IsExact: true, Destination.User: null, FirstOlder: >= 0 }
                    && subscription.JoinIndex != (subscription.NextOlder >= 0 ? subscription.NextOlder : subscription.FirstOlder))
                {
                    world.Fail($"{connection} {subscription} did not get all it had missed");
                }
            }
        }

        world.Check();
    }

    private void CheckMessages(Destination destination)
    {
        foreach (var message in destination.Log)
        {
            if (destination.User is null)
            {
                continue;
            }

            var state = message.Id == 0 ? null : world.Model.StateOf(message);
            if (state == DeliveryState.Acked && !message.AckSent)
            {
                world.Fail($"{message} counts as acknowledged; nobody did");
            }

            if (state == DeliveryState.Expired && !world.Model.MayBeExpired(message))
            {
                world.Fail($"{message} expired before its time");
            }

            if (!destination.IsLossy && !IsAccountedFor(message, state))
            {
                world.Fail($"{message} is lost: it is {state}, was taken {message.Taken} times");
            }
        }

        world.Check();
    }

    private bool IsAccountedFor(Message message, DeliveryState? state) => state switch
    {
        DeliveryState.Acked or DeliveryState.Expired => true,
        DeliveryState.Dead => MayBeDead(message),
        _ => message.TakenByAuto || (message.Id == 0 && world.Model.MayBeExpired(message))
            || (message.Id == 0 && world.Node.Options.Offline.Messages < 1000),
    };

    // Each attempt is seen on a wire, or was lost with a subscription that ended.
    private bool MayBeDead(Message message) =>
        world.Node.Options.Offline.Messages < 1000
        || message.Taken + message.Destination.EndedSubscriptions - message.EndedBefore > world.Node.Options.Ack.Retries;

    private void Leave()
    {
        foreach (var connection in world.Connections.ToList())
        {
            connection.WriteRaw(ClientBytes.Close(1000));
            connection.Deliver(connection.OutBytes);
        }

        FanoutBatch.Current.Complete(world.Node);
        for (var i = 0; i < 20; i++)
        {
            actions.NoticeAll();
            world.Advance(500);
        }

        world.Advance(world.Node.Options.History.AgeSeconds * 1000 + 10_000);
        if (world.Node.Topics.Count > 0)
        {
            world.Time.StepUtc(TimeSpan.FromHours(1)); // The wall clock had gone back.
            world.Advance(10_000);
        }
    }

    private void CheckNode()
    {
        var node = world.Node;
        if (node.Connections.Count != 0 || node.Connections.Proven != 0)
        {
            world.Fail($"left: {node.Connections.Count} accepted connections, {node.Connections.Proven} of them proven");
        }

        if (node.Sessions.Count != 0 || node.Metrics.ConnectionsActive != 0 || node.Topics.Count != 0 || node.Users.Count != 0)
        {
            world.Fail($"left: {node.Sessions.Count} sessions, {node.Metrics.ConnectionsActive} connections, {node.Topics.Count} topics, "
                + $"{node.Users.Count} users");
        }

        if (node.Memory.Bytes != 0 || node.AnsweredBytes != 0)
        {
            world.Fail($"left: {node.Memory.Bytes} bytes in the account, of which {node.Memory.TakenBytes} beside messages; "
                + $"{node.AnsweredBytes} bytes that somebody answers for");
        }

        if (node.Pool.Outstanding != 0 || node.Pool.OutstandingBytes != 0 || node.Offline.Count != 0)
        {
            world.Fail($"left: {node.Pool.Outstanding} payloads of {node.Pool.OutstandingBytes} bytes, {node.Offline.Count} offline");
        }

        world.Check();
    }
}
