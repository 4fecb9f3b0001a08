using FastPush.Gateway.Tests.Testing;

namespace FastPush.Simulation;

/// <summary>A client program: it publishes, subscribes, reads, acknowledges, and comes back when its connection ends.</summary>
internal sealed class SimClient(World world, int number, string user)
{
    private static readonly string[] s_versions = ["1.2", "1.2", "1.2", "1.1", "1.0"];
    private static readonly string[] s_acks = ["auto", "auto", "client", "client-individual"];
    private static readonly string[] s_lossless = ["close", "spill"];
    private static readonly string[] s_policies = ["close", "spill", "drop-oldest", "conflate"];

    private const int OldAcksMax = 50;

    private readonly Dictionary<Destination, Message> _lastSeen = [];
    private readonly List<string> _oldAcks = [];
    private readonly List<string> _acks = [];
    private int _connections;
    private int _subscriptions;
    private int _messages;
    private int _transactions;
    private string? _transaction;

    public string Name { get; } = $"c{number}";

    public string User { get; } = user;

    public SimConnection? Connection { get; set; }

    private Random Random => world.Random;

    public void Connect()
    {
        var connection = new SimConnection(world, this, s_versions[Random.Next(s_versions.Length)], ++_connections);
        Connection = connection;
        _transaction = null;
        _oldAcks.AddRange(_acks);
        _oldAcks.RemoveRange(0, Math.Max(0, _oldAcks.Count - OldAcksMax));
        _acks.Clear();
        world.Connections.Add(connection);
        var beats = Random.Next(4) == 0 ? 4000 : 0;
        connection.BeatsEveryMs = beats;
        connection.IsMute = Random.Next(8) == 0;
        connection.LastBeatMs = world.Node.Clock.NowMs;
        connection.Write(
            new Outgoing(OutgoingKind.Other), $"CONNECT\naccept-version:{connection.Version}\nhost:x\nheart-beat:{beats},{beats}\n\n");
        world.Journal.Note($"{connection} connects as {User}, {connection.Version}, beats {beats}");
    }

    public void Publish(Destination destination, int size, bool inTransaction)
    {
        var connection = Connection!;
        if (inTransaction && _transaction is null)
        {
            _transaction = $"t{++_transactions}";
            connection.Write(new Outgoing(OutgoingKind.Begin) { Transaction = _transaction }, $"BEGIN\ntransaction:{_transaction}\n\n");
        }

        var message = new Message(destination, Name, ++_messages, size) { InTransaction = inTransaction };
        world.Model.Messages.Add(message.Key, message);
        var headers = inTransaction ? $"transaction:{_transaction}\n" : "";
        if (Random.Next(2) == 0)
        {
            headers += $"receipt:r{_messages}\n";
            connection.Receipts.Add($"r{_messages}", message);
        }

        if (Random.Next(4) == 0)
        {
            headers += connection.Version == "1.0" ? "note:a\\b\n" : "note:a\\cb\n";
        }

        connection.Write(
            new Outgoing(OutgoingKind.Send) { Message = message, Transaction = inTransaction ? _transaction : null },
            $"SEND\ndestination:{destination.Key}\ncontent-length:{message.BodyBytes.Length}\n{headers}\n{message.Body}");
        world.Journal.Note($"{connection} sends {message.Key}{(inTransaction ? " in " + _transaction : "")}");
    }

    public void EndTransaction(bool commit)
    {
        if (_transaction is null)
        {
            return;
        }

        var kind = commit ? OutgoingKind.Commit : OutgoingKind.Abort;
        Connection!.Write(
            new Outgoing(kind) { Transaction = _transaction }, $"{(commit ? "COMMIT" : "ABORT")}\ntransaction:{_transaction}\n\n");
        world.Journal.Note($"{Connection} ends {_transaction}, commit {commit}");
        _transaction = null;
    }

    public void Subscribe(Destination destination)
    {
        var policies = destination.IsLossy ? s_policies : s_lossless;
        var habit = Random.Next(4) switch
        {
            0 => (95, 0),
            1 => (50, 10),
            2 => (30, 60),
            _ => (0, 0),
        };
        Subscribe(
            destination,
            s_acks[Random.Next(s_acks.Length)],
            policies[Random.Next(policies.Length)],
            Random.Next(3) == 0 ? Random.Next(1, 4) : 64,
            Random.Next(2) == 0 ? _lastSeen.GetValueOrDefault(destination) : null,
            habit);
    }

    public void Subscribe(Destination destination, string ack, string overflow, int prefetch, Message? resume, (int Ack, int Nack) habit)
    {
        var connection = Connection!;
        var subscription = new SimSubscription($"s{++_subscriptions}", destination, ack, overflow, prefetch, resume) { Habit = habit };
        connection.Subscriptions.Add(subscription.Id, subscription);
        var headers = resume is null ? "" : $"last-event-id:{resume.Id}\n";
        connection.Write(
            new Outgoing(OutgoingKind.Subscribe) { Subscription = subscription },
            $"SUBSCRIBE\nid:{subscription.Id}\ndestination:{destination.Shown}\nack:{ack}\noverflow:{overflow}\nprefetch-count:{prefetch}\n"
                + $"{headers}\n");
        world.Journal.Note($"{connection} subscribes {subscription} prefetch {prefetch} after {resume}");
    }

    public void Unsubscribe(SimSubscription subscription)
    {
        Connection!.Subscriptions[subscription.Id].IsEnded = true;
        Connection.Write(
            new Outgoing(OutgoingKind.Unsubscribe) { Subscription = subscription }, $"UNSUBSCRIBE\nid:{subscription.Id}\n\n");
        world.Journal.Note($"{Connection} unsubscribes {subscription.Id}");
    }

    /// <summary>Reads one frame, and answers a message as the subscription's habit is.</summary>
    public void Read()
    {
        var connection = Connection!;
        var frame = connection.Inbox.Dequeue();
        if (frame.Command == "CLOSE")
        {
            connection.WriteRaw(ClientBytes.Close(frame.Code));
            return;
        }

        if (frame.Command != "MESSAGE" || !connection.Subscriptions.TryGetValue(frame["subscription"], out var subscription))
        {
            return;
        }

        var message = world.Model.Find(frame);
        if (message is null)
        {
            return;
        }

        _lastSeen[subscription.Destination] = message;
        if (subscription.IsAuto)
        {
            return;
        }

        if (frame["ack"].Length > 0)
        {
            _acks.Add(frame["ack"]);
        }

        var received = subscription.Received.Find(r => r.Message == message);
        if (received is null)
        {
            received = new Received(message, frame["ack"], subscription.Received.Count);
            subscription.Received.Add(received);
        }
        else
        {
            received.IsSettled = false; // It came again, so it is to be acknowledged again.
        }

        var draw = Random.Next(100);
        if (draw < subscription.Habit.Ack + subscription.Habit.Nack)
        {
            Answer(subscription, received, draw < subscription.Habit.Ack);
        }
    }

    /// <summary>Answers something that was read earlier and left alone.</summary>
    public void AnswerLate(bool always = false)
    {
        foreach (var subscription in Connection!.Subscriptions.Values)
        {
            if (subscription.IsEnded || subscription.IsAuto)
            {
                continue;
            }

            var open = subscription.Received.FindAll(r => !r.IsSettled);
            if (open.Count > 0 && (always || Random.Next(100) < subscription.Habit.Ack))
            {
                open.ForEach(r => Answer(subscription, r, isAck: true));
            }
        }
    }

    /// <summary>Answers what an earlier connection brought; here it must settle nothing.</summary>
    public void AnswerTooLate()
    {
        if (Connection!.Version != "1.2" || _oldAcks.Count == 0)
        {
            return;
        }

        var command = Random.Next(3) == 0 ? "NACK" : "ACK";
        for (var i = Random.Next(1, 5); i > 0; i--)
        {
            var ack = _oldAcks[Random.Next(_oldAcks.Count)];
            Connection.Write(new Outgoing(OutgoingKind.Other), $"{command}\nid:{ack}\n\n");
        }

        world.Journal.Note($"{Connection} answers deliveries of earlier connections by {command}");
    }

    private void Answer(SimSubscription subscription, Received received, bool isAck)
    {
        if (received.IsSettled || subscription.IsEnded)
        {
            return;
        }

        foreach (var covered in Model.Covered(subscription, received))
        {
            covered.IsSettled |= isAck;
            covered.Message.AckSent |= isAck;
        }

        var connection = Connection!;
        var inTransaction = _transaction is not null && Random.Next(4) == 0 && !world.IsEnding;
        var name = connection.Version == "1.2"
            ? $"id:{received.Ack}"
            : $"subscription:{subscription.Id}\nmessage-id:{received.Message.Id}";
        connection.Write(
            new Outgoing(OutgoingKind.Ack)
            {
                Subscription = subscription,
                Received = received,
                IsAck = isAck,
                Transaction = inTransaction ? _transaction : null,
            },
            $"{(isAck ? "ACK" : "NACK")}\n{name}\n{(inTransaction ? $"transaction:{_transaction}\n" : "")}\n");
        world.Journal.Note(
            $"{connection} {(isAck ? "acks" : "nacks")} {received.Message} of {subscription.Id} {(inTransaction ? _transaction : "")}");
    }
}
