using System.Globalization;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Simulation.Fleet;

/// <summary>A client program. One with a user's queues reads and acknowledges; a publisher sends and waits for receipts.</summary>
internal sealed class FleetClient(FleetWorld world, string name, string user, bool isPublisher)
{
    private static readonly string[] s_acks = ["auto", "client", "client-individual"];

    private int _connections;
    private int _subscriptions;

    public string Name { get; } = name;

    public string User { get; } = user;

    public bool IsPublisher { get; } = isPublisher;

    public FleetConnection? Connection { get; set; }

    /// <summary>Every message that it ever got.</summary>
    public HashSet<FleetMessage> Seen { get; } = [];

    private Random Random => world.Random;

    public void Connect(FleetNode node)
    {
        var connection = new FleetConnection(world, this, node, ++_connections);
        world.Connections.Add(connection);
        world.Journal.Note($"{connection} connects to {node} as {User}");
        Connection = connection;
        connection.Write("CONNECT\naccept-version:1.2\nhost:x\n\n");
    }

    public void Subscribe(string shown, string? ack = null)
    {
        var connection = Connection!;
        if (connection.Subscriptions.Values.Any(s => s.Shown == shown && !s.IsEnded))
        {
            return;
        }

        var subscription = new FleetSubscription(
            $"s{++_subscriptions}", shown, ack ?? s_acks[Random.Next(s_acks.Length)], Random.Next(4) * 30);
        connection.Subscriptions.Add(subscription.Id, subscription);
        world.Journal.Note($"{connection} subscribes {subscription}");
        var prefetch = Random.Next(2) == 0 ? Random.Next(1, 4) : 64;
        connection.Write(
            $"SUBSCRIBE\nid:{subscription.Id}\ndestination:{shown}\nack:{subscription.Ack}\noverflow:spill\nprefetch-count:{prefetch}\n\n");
    }

    public void Unsubscribe(FleetSubscription subscription)
    {
        subscription.IsEnded = true;
        world.Journal.Note($"{Connection} unsubscribes {subscription}");
        Connection!.Write($"UNSUBSCRIBE\nid:{subscription.Id}\n\n");
    }

    public void Publish(string? to, string destination, string shown)
    {
        var connection = Connection!;
        var message = new FleetMessage(connection, ++connection.Sent, to, destination, shown);
        world.Messages.Add(message.Key, message);
        connection.Receipts.Add($"r{message.Number}", message);
        world.Journal.Note($"{message.Key} is sent to {destination} by {connection.Node}");
        connection.Write($"SEND\ndestination:{destination}\nreceipt:r{message.Number}\n\n{message.Key}|");
    }

    /// <summary>Reads one frame, and answers as the subscription's habit is.</summary>
    public void Read()
    {
        var connection = Connection!;
        var frame = connection.Inbox.Dequeue();
        if (frame.Command == "CLOSE")
        {
            connection.WriteRaw(ClientBytes.Close(frame.Code));
            return;
        }

        if (frame.Command != "MESSAGE"
            || !connection.Subscriptions.TryGetValue(frame["subscription"], out var subscription)
            || subscription.IsAuto
            || world.Find(frame) is not { } message)
        {
            return;
        }

        subscription.Open[message] = frame["ack"];
        var draw = Random.Next(100);
        if (draw < subscription.Habit)
        {
            Answer(subscription, message, isAck: true);
        }
        else if (draw == 99)
        {
            Answer(subscription, message, isAck: false);
        }
    }

    /// <summary>Acknowledges what is still open.</summary>
    public void AckOpen()
    {
        foreach (var subscription in Connection!.Subscriptions.Values)
        {
            foreach (var message in subscription.Open.Keys.ToList())
            {
                if (subscription.Open.ContainsKey(message))
                {
                    Answer(subscription, message, isAck: true);
                }
            }
        }
    }

    // The last part of an ack header.
    private static int Sequence(string ack) =>
        int.Parse(ack[(ack.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);

    private void Answer(FleetSubscription subscription, FleetMessage message, bool isAck)
    {
        if (subscription.IsEnded)
        {
            return;
        }

        var name = subscription.Open[message];
        List<FleetMessage> covered = [message];
        if (subscription.Ack == "client" && isAck)
        {
            covered = [.. subscription.Open.Where(o => Sequence(o.Value) <= Sequence(name)).Select(o => o.Key)];
        }

        if (isAck)
        {
            foreach (var one in covered)
            {
                one.IsDone = true;
                subscription.Open.Remove(one);
            }
        }

        world.Journal.Note($"{Connection} {(isAck ? "acks" : "nacks")} {message} of {subscription.Id}");
        Connection!.Write(
            $"{(isAck ? "ACK" : "NACK")}\nid:{name}\n\n",
            isAck ? position => covered.ForEach(m => subscription.AckedAt[m] = position) : null);
    }
}
