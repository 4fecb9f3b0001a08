using FastPush.Gateway.Http;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;

namespace FastPush.Simulation;

/// <summary>The steps of a run: what clients, network and clock may do, each with its weight.</summary>
internal sealed class Actions
{
    private readonly World _world;
    private readonly (int Weight, Action Do)[] _choices;
    private readonly int _weights;
    private readonly HttpPublisher _http;
    private Task? _drain;
    private int _httpMessages;

    public Actions(World world)
    {
        _world = world;
        _http = new HttpPublisher(world.Node);
        _choices =
        [
            (260, Publish),
            (300, Deliver),
            (140, Take),
            (40, Stall),
            (200, Read),
            (60, Connect),
            (60, Subscribe),
            (20, Unsubscribe),
            (12, Disconnect),
            (14, Reset),
            (2, Rubbish),
            (50, Notice),
            (30, AnswerLate),
            (20, AnswerTooLate),
            (15, EndTransaction),
            (60, Wait),
            (6, WaitLong),
            (6, StepClock),
            (60, AnswerQueue),
            (20, PublishByHttp),
            (4, FillMemory),
            (12, world.Strangers.Act),
            (1, Drain),
        ];
        _weights = _choices.Sum(c => c.Weight);
    }

    private Random Random => _world.Random;

    public void Next()
    {
        var draw = Random.Next(_weights);
        foreach (var (weight, act) in _choices)
        {
            if ((draw -= weight) < 0)
            {
                act();
                return;
            }
        }
    }

    /// <summary>Ends the connections whose end one side has seen.</summary>
    public void NoticeAll()
    {
        foreach (var connection in _world.Connections.FindAll(IsToEnd))
        {
            End(connection);
        }
    }

    /// <summary>Lets a drain that is under way come to its end.</summary>
    public void FinishDrain()
    {
        while (_drain is not null)
        {
            _world.Advance(500);
            LookAtDrain();
            NoticeAll();
        }
    }

    private void Publish()
    {
        if (PickConnected() is { } client)
        {
            for (var i = Random.Next(8) == 0 ? Random.Next(8) : 0; i >= 0; i--)
            {
                client.Publish(PickDestination(_ => true)!, Size(), Random.Next(12) == 0);
            }
        }
    }

    private int Size() => Random.Next(10) switch
    {
        0 => Random.Next(World.MessageBytesMax / 2), // In bytes up to twice that.
        1 => 0,
        _ => Random.Next(300),
    };

    // One read batch: some bytes of one or several connections.
    private void Deliver()
    {
        for (var i = Random.Next(3); i >= 0; i--)
        {
            var ready = _world.Connections.FindAll(c => c is { IsFinished: false, OutBytes: > 0 });
            if (ready.Count == 0)
            {
                break;
            }

            var connection = ready[Random.Next(ready.Count)];
            var count = Random.Next(5) switch
            {
                0 => 1,
                1 => Math.Min(connection.OutBytes, Random.Next(1, 40)),
                _ => Random.Next(2) == 0 ? connection.OutBytes : Random.Next(1, connection.OutBytes + 1),
            };
            _world.Journal.Note($"{connection} delivers {count} of {connection.OutBytes}");
            connection.Deliver(count);
        }

        // Another thread may publish to the same destinations, and deliver, before this one delivers what it has published.
        if (Random.Next(10) == 0)
        {
            OtherThread.Run(PublishByHttp);
        }

        FanoutBatch.Current.Complete(_world.Node);
    }

    private void Take()
    {
        var slow = _world.Connections.FindAll(
            c => c is { IsFinished: false, IsLeft: false } && (c.Link.IsWaiting || c.Link.Room != int.MaxValue));
        if (slow.Count == 0)
        {
            return;
        }

        var connection = slow[Random.Next(slow.Count)];
        var room = Random.Next(3) switch
        {
            0 => int.MaxValue,
            1 => Random.Next(1, 50),
            _ => Random.Next(1, 20_000),
        };
        _world.Journal.Note($"{connection} takes {room}");
        connection.Link.Unblock(room);
    }

    private void Stall()
    {
        if (PickConnected() is { Connection: { } connection })
        {
            connection.Link.WasSlow = true;
            connection.Link.Room = Random.Next(2) == 0 ? 0 : Random.Next(3000);
            _world.Journal.Note($"{connection} stalls after {connection.Link.Room}");
        }
    }

    private void Read()
    {
        var clients = _world.Clients.FindAll(c => c.Connection?.Inbox.Count > 0);
        if (clients.Count == 0)
        {
            return;
        }

        var client = clients[Random.Next(clients.Count)];
        for (var i = Random.Next(1, 12); i > 0 && client.Connection!.Inbox.Count > 0; i--)
        {
            client.Read();
        }
    }

    private void AnswerLate() => PickConnected()?.AnswerLate();

    private void AnswerTooLate() => PickConnected()?.AnswerTooLate();

    private void EndTransaction() => PickConnected()?.EndTransaction(Random.Next(3) > 0);

    private void Connect()
    {
        var clients = _world.Clients.FindAll(c => c.Connection is null);
        if (clients.Count == 0 || _world.Node.IsDraining)
        {
            return;
        }

        var client = clients[Random.Next(clients.Count)];
        client.Connect();
        for (var i = Random.Next(3); i > 0; i--)
        {
            client.Subscribe(PickDestination(d => d.User is null || d.User == client.User)!);
        }
    }

    private void Subscribe()
    {
        if (PickConnected() is { } client && client.Connection!.Subscriptions.Count < 12)
        {
            client.Subscribe(PickDestination(d => d.User is null || d.User == client.User)!);
        }
    }

    private void Unsubscribe()
    {
        if (PickConnected() is { Connection: { } connection } client)
        {
            var subscriptions = connection.Subscriptions.Values.Where(s => !s.IsEnded).ToList();
            if (subscriptions.Count > 0)
            {
                client.Unsubscribe(subscriptions[Random.Next(subscriptions.Count)]);
            }
        }
    }

    private void Disconnect()
    {
        if (PickConnected() is not { Connection: { } connection } client)
        {
            return;
        }

        _world.Journal.Note($"{connection} disconnects");
        if (Random.Next(2) == 0)
        {
            connection.Write(new Outgoing(OutgoingKind.Other), "DISCONNECT\nreceipt:bye\n\n");
        }
        else
        {
            connection.WriteRaw(ClientBytes.Close(1000));
        }

        if (Random.Next(2) == 0)
        {
            connection.Deliver(connection.OutBytes);
            FanoutBatch.Current.Complete(_world.Node);
        }
    }

    // The client is gone at once; the gateway sees it later.
    private void Reset()
    {
        if (PickConnected() is { Connection: { } connection } client)
        {
            _world.Journal.Note($"{connection} is reset");
            connection.IsLeft = true;
            connection.Link.IsGone = true;
            connection.Inbox.Clear();
            client.Connection = null;
        }
    }

    private void Rubbish()
    {
        if (PickConnected() is { Connection: { } connection })
        {
            _world.Journal.Note($"{connection} sends rubbish");
            connection.HasSentRubbish = true;
            if (Random.Next(2) == 0)
            {
                connection.Write(new Outgoing(OutgoingKind.Other), "HELLO\n\n");
            }
            else
            {
                var bytes = new byte[20];
                Random.NextBytes(bytes);
                bytes[0] |= 0x70; // Reserved bits: no rubbish may pass for a frame.
                connection.WriteRaw(bytes);
            }
        }
    }

    private void Notice()
    {
        var connections = _world.Connections.FindAll(IsToEnd);
        if (connections.Count > 0)
        {
            End(connections[Random.Next(connections.Count)]);
        }
    }

    private static bool IsToEnd(SimConnection c) =>
        (!c.IsFinished && (c.IsLeft || c.Link.IsAborted || c.Link.IsGone || (c.Link.IsEnded && c.Inbox.Count == 0)))
        || (c.IsFinished && c.Link.IsWaiting);

    private void End(SimConnection connection)
    {
        _world.Journal.Note($"{connection} ends");
        if (connection.Link.IsWaiting && !connection.Link.HoldsBytes)
        {
            connection.Link.Forget();
        }

        if (Random.Next(2) == 0 || connection.IsFinished)
        {
            connection.Link.ReportEnd();
        }

        connection.Finish();
    }

    private void Wait() => Advance(Random.Next(1, 600));

    private void WaitLong() => Advance(Random.Next(600, 20_000));

    private void Advance(int milliseconds)
    {
        _world.Journal.Note($"{milliseconds} ms pass");
        _world.Advance(milliseconds);
        LookAtDrain();
    }

    private void StepClock()
    {
        var milliseconds = Random.Next(-60_000, 40_000);
        _world.Journal.Note($"the wall clock steps by {milliseconds} ms");
        _world.Time.StepUtc(TimeSpan.FromMilliseconds(milliseconds));
        _world.Model.MaxUnixMs = Math.Max(_world.Model.MaxUnixMs, _world.Node.Clock.UnixMs);
    }

    private void AnswerQueue()
    {
        for (var i = Random.Next(1, 5); i > 0; i--)
        {
            _world.Offline.AnswerNext();
        }
    }

    private void PublishByHttp()
    {
        var destination = PickDestination(d => d.User is not null)!;
        var message = new Message(destination, "http", ++_httpMessages, Size()) { TtlMs = Random.Next(2) * Random.Next(1, 60) * 1000L };
        _world.Model.Messages.Add(message.Key, message);
        _world.Journal.Note($"http sends {message.Key}, for {message.TtlMs} ms");
        var recipient = new Recipient(
            destination.KeyBytes, System.Text.Encoding.UTF8.GetBytes(destination.Shown), destination.User, destination.Queue);
        _world.Model.Accept(message);
        var user = _world.Node.Users.Enter(_world.Principal("http"));
        var ids = _http.Publish(
            user, [new PublishRequest([recipient], null, null, message.BodyBytes, (int)(message.TtlMs / 1000), null)], [default]);
        _world.Node.Users.Leave(user);
        if (ids is null)
        {
            _world.Model.Withdraw(message);
        }
        else
        {
            _world.Model.NoteId(message, ids[0]);
        }
    }

    // Others fill the node's memory, all but some of it or all of it, or what they had is free again.
    private void FillMemory()
    {
        if (_world.MayForget)
        {
            _world.FillMemory(Random.Next(3) == 0 ? Random.Next(2) * 10_000 : null);
        }
    }

    private void Drain()
    {
        if (_drain is not null || Random.Next(3) > 0)
        {
            return;
        }

        _world.Journal.Note("the node drains");
        var drain = new Drain(_world.Node, new DrainHint(_world.Node.Options.Drain, Random));
        _drain = drain.StoppingAsync(CancellationToken.None);
    }

    private void LookAtDrain()
    {
        if (_drain is not { IsCompleted: true })
        {
            return;
        }

        if (!_drain.IsCompletedSuccessfully)
        {
            _world.Fail($"the drain failed: {_drain.Exception}");
        }

        foreach (var connection in _world.Connections)
        {
            if (connection.IsOpen && !connection.Link.IsAborted)
            {
                _world.Fail($"{connection} outlived the drain");
            }
        }

        _drain = null;
        _world.Node.IsDraining = false;
        _world.Journal.Note("the drain is over");
    }

    private SimClient? PickConnected()
    {
        var clients = _world.Clients.FindAll(c => c.Connection is { IsFinished: false });
        return clients.Count == 0 ? null : clients[Random.Next(clients.Count)];
    }

    private Destination? PickDestination(Predicate<Destination> where)
    {
        var destinations = _world.Model.Destinations.FindAll(where);
        return destinations.Count == 0 ? null : destinations[Random.Next(destinations.Count)];
    }
}
