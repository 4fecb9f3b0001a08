using System.Globalization;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Simulation;

/// <summary>What must have happened: follows the frames that the gateway has processed, in their order.</summary>
internal sealed class Model(World world)
{
    public List<Destination> Destinations { get; } = [];

    public Dictionary<string, Message> Messages { get; } = [];

    /// <summary>Rises with everything the model notes, so that events have an order.</summary>
    public long Event { get; private set; }

    /// <summary>The latest Unix time that any clock showed.</summary>
    public long MaxUnixMs { get; set; }

    /// <summary>Deliveries that the acknowledgement of one covers (STOMP 1.2, "ACK").</summary>
    public static IEnumerable<Received> Covered(SimSubscription subscription, Received received) =>
        subscription.Ack == "client" ? subscription.Received.Take(received.Place + 1) : [received];

    public Message? Find(ServerFrame frame) =>
        Messages.GetValueOrDefault(frame.Body.Split('|', 2)[0]);

    public DeliveryState? StateOf(Message message)
    {
        foreach (var delivery in world.Node.Ledger.Find(message.Id))
        {
            if (delivery.User == message.Destination.User)
            {
                return delivery.State;
            }
        }

        return null;
    }

    public bool MayBeExpired(Message message) =>
        (message.TtlMs > 0 && MaxUnixMs >= message.TimestampMs + message.TtlMs)
        || MaxUnixMs > message.TimestampMs + world.Node.Options.Offline.TtlSeconds * 1000L;

    /// <summary>The positions of all destinations in the gateway; -1 where there is none.</summary>
    public long[] Positions() => [.. Destinations.Select(Position)];

    /// <summary>Follows what the gateway has processed in one read; <paramref name="before"/> are the positions before it.</summary>
    public void Apply(SimConnection connection, List<Outgoing> done, long[] before)
    {
        var wentOn = connection.IsOpen;
        connection.IsVague |= !wentOn;
        var effects = new List<Outgoing>();
        foreach (var outgoing in done)
        {
            Expand(connection, outgoing, effects);
        }

        var accepted = Positions();
        for (var i = 0; i < accepted.Length; i++)
        {
            accepted[i] = Math.Max(0, accepted[i]) - Math.Max(0, before[i]);
        }

        var fresh = new List<Message>();
        foreach (var effect in effects)
        {
            if (effect.Kind == OutgoingKind.Send)
            {
                var number = effect.Message!.Destination.Number;
                if (IsUnknown(effect.Message.Destination, before[number]) || accepted[number]-- > 0)
                {
                    Accept(effect.Message);
                    fresh.Add(effect.Message);
                }
                else if (wentOn)
                {
                    world.Fail($"{effect.Message} was neither accepted nor refused");
                }
            }
            else
            {
                if (effect.Kind == OutgoingKind.Subscribe)
                {
                    before[effect.Subscription!.Destination.Number] = 0;
                }

                if (wentOn)
                {
                    Apply(connection, effect);
                }
            }
        }

        for (var i = 0; i < accepted.Length; i++)
        {
            if (accepted[i] > 0)
            {
                world.Fail($"{Destinations[i]} accepted {accepted[i]} messages that nobody sent");
            }
        }

        NoteIds(fresh);
    }

    /// <summary>A message was accepted; its place is its destination's next.</summary>
    public void Accept(Message message)
    {
        message.Index = message.Destination.Log.Count;
        message.EndedBefore = message.Destination.EndedSubscriptions;
        message.TimestampMs = message.InTransaction ? message.TimestampMs : world.Node.Clock.UnixMs;
        message.Destination.Log.Add(message);
        Event++;
    }

    /// <summary>The newest message was refused after all.</summary>
    public void Withdraw(Message message)
    {
        message.Destination.Log.RemoveAt(message.Index);
        message.Index = -1;
    }

    /// <summary>Takes the ids of the newest messages from the gateway's history, and checks that they rise.</summary>
    public void NoteIds(List<Message> fresh)
    {
        foreach (var group in fresh.GroupBy(m => m.Destination))
        {
            if (!world.Node.Topics.TryGet(group.Key.KeyBytes, out var topic) || topic.History is not { } history)
            {
                continue;
            }

            var messages = group.ToList();
            for (var i = 1; i <= Math.Min(messages.Count, history.Count); i++)
            {
                var payload = history.At(history.Count - i);
                NoteId(messages[^i], payload.Id);
                if (!payload.Body.SequenceEqual(messages[^i].BodyBytes))
                {
                    world.Fail($"the history has another body for {messages[^i]}");
                }
            }
        }
    }

    /// <summary>The gateway shows a message's id: always the same, and above those of the same publisher before it.</summary>
    public void NoteId(Message message, long id)
    {
        if (message.Id == id)
        {
            return;
        }

        if (message.Id != 0)
        {
            world.Fail($"{message} has two ids, now {id}");
        }

        message.Id = id;
        for (var i = message.Index - 1; i >= 0 && !message.InTransaction; i--)
        {
            var earlier = message.Destination.Log[i];
            if (earlier.Publisher == message.Publisher && earlier.Id != 0 && !earlier.InTransaction)
            {
                if (earlier.Id >= id)
                {
                    world.Fail($"the ids of {earlier} and {message} do not rise");
                }

                return;
            }
        }
    }

    private long Position(Destination destination) =>
        world.Node.Topics.TryGet(destination.KeyBytes, out var topic) ? topic.Position : -1;

    // Without history and subscribers a topic need not exist, and then nobody can tell whether it got a message.
    private bool IsUnknown(Destination destination, long position) =>
        position < 0 && destination.User is null && world.Node.Options.History.Messages == 0;

    // Commands in a transaction take effect with its COMMIT.
    private void Expand(SimConnection connection, Outgoing outgoing, List<Outgoing> effects)
    {
        switch (outgoing.Kind)
        {
            case OutgoingKind.Begin:
                connection.Held[outgoing.Transaction!] = [];
                break;
            case OutgoingKind.Commit:
                effects.AddRange(connection.Held[outgoing.Transaction!]);
                connection.Held.Remove(outgoing.Transaction!);
                break;
            case OutgoingKind.Abort:
                foreach (var held in connection.Held[outgoing.Transaction!].Where(held => held.IsAck))
                {
                    foreach (var covered in Covered(held.Subscription!, held.Received!))
                    {
                        covered.IsSettled = false;
                    }
                }

                connection.Held.Remove(outgoing.Transaction!);
                break;
            case OutgoingKind.Send or OutgoingKind.Ack when outgoing.Transaction is not null:
                connection.Held[outgoing.Transaction].Add(outgoing);
                outgoing.Message?.TimestampMs = world.Node.Clock.UnixMs;
                break;
            default:
                effects.Add(outgoing);
                break;
        }
    }

    private void Apply(SimConnection connection, Outgoing effect)
    {
        var subscription = effect.Subscription;
        switch (effect.Kind)
        {
            case OutgoingKind.Subscribe:
                subscription!.IsLive = true;
                connection.HasResumed |= subscription.Resume is not null;
                subscription.Event = ++Event;
                subscription.JoinIndex = subscription.NextLive = subscription.Destination.Log.Count;
                subscription.FirstOlder = FirstOlder(subscription);
                break;
            case OutgoingKind.Unsubscribe:
                subscription!.IsLive = false;
                subscription.EndPosition = connection.Position;
                subscription.Destination.EndedSubscriptions++;
                break;
            case OutgoingKind.Ack when effect.IsAck && subscription!.IsLive:
                foreach (var covered in Covered(subscription, effect.Received!))
                {
                    Acked(connection, subscription, covered.Message);
                }

                break;
            default:
                break;
        }
    }

    // Where a resumed topic must begin, when its history certainly reaches back so far.
    private int FirstOlder(SimSubscription subscription)
    {
        if (subscription.Resume is not { } last || subscription.Destination.User is not null)
        {
            return -1;
        }

        var missed = subscription.JoinIndex - last.Index;
        var history = world.Node.Options.History;
        var isYoung = last.TimestampMs > MaxUnixMs - history.AgeSeconds * 1000L;
        return !world.MayForget && missed <= history.Messages && isYoung ? last.Index + 1 : -1;
    }

    private void Acked(SimConnection connection, SimSubscription subscription, Message message)
    {
        subscription.AckedAt[message] = connection.Position;
        if (message.Destination.User is null)
        {
            return;
        }

        var state = StateOf(message);
        if (state is not (DeliveryState.Acked or DeliveryState.Dead or DeliveryState.Expired))
        {
            world.Fail($"{message} was acknowledged on {connection} {subscription.Id} and is {state}");
        }

        if (state == DeliveryState.Acked && message.AckedAt == 0)
        {
            message.AckedAt = ++Event;
        }
    }
}
