using System.Globalization;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Simulation;

/// <summary>Looks at every frame that a link has taken: may this client get this now?</summary>
internal sealed class WireCheck(World world)
{
    // What a client that keeps to the rules may be told.
    private static readonly string[] s_errors = ["slow consumer", "heart-beat missed", "connect timeout", "frame timeout", "overload"];

    public void Look(SimConnection connection)
    {
        while (connection.Link.Frames.TryDequeue(out var taken))
        {
            var (start, frame) = taken;
            if (connection.HasClosed)
            {
                world.Fail($"{connection} got {frame.Command} behind its close frame");
            }

            Look(connection, start, frame);
            if (!connection.IsLeft)
            {
                connection.Inbox.Enqueue(frame);
            }
        }
    }

    private void Look(SimConnection connection, long start, ServerFrame frame)
    {
        switch (frame.Command)
        {
            case "MESSAGE":
                Message(connection, start, frame);
                break;
            case "RECEIPT":
                Receipt(connection, frame);
                break;
            case "CONNECTED":
                if (connection.HasConnected || (connection.Version != "1.0" && frame["version"] != connection.Version))
                {
                    world.Fail($"{connection} got a wrong or second CONNECTED");
                }

                connection.HasConnected = true;
                break;
            case "ERROR":
                connection.Error = frame["message"];
                if (!connection.HasSentRubbish && !s_errors.Contains(connection.Error))
                {
                    world.Fail($"{connection} got the error {connection.Error}: {frame.Body}");
                }

                break;
            case "CLOSE":
                connection.HasClosed = true;
                break;
            case "BEAT" or "PONG":
                break;
            default:
                world.Fail($"{connection} got {frame.Command}");
                break;
        }

        if (connection.Error is not null && frame.Command is not ("ERROR" or "CLOSE"))
        {
            world.Fail($"{connection} got {frame.Command} behind an error");
        }
    }

    private void Receipt(SimConnection connection, ServerFrame frame)
    {
        if (!connection.Receipts.Remove(frame["receipt-id"], out var message))
        {
            if (frame["receipt-id"] != "bye")
            {
                world.Fail($"{connection} got a receipt for {frame["receipt-id"]}");
            }

            return;
        }

        if (message.Index >= 0)
        {
            world.Model.NoteId(message, Id(frame));
        }
        else if (!message.InTransaction)
        {
            world.Fail($"{connection} got a receipt for {message}, which was not accepted");
        }
    }

    private void Message(SimConnection connection, long start, ServerFrame frame)
    {
        var message = world.Model.Find(frame);
        if (message is null
            || frame.Body != message.Body
            || !connection.Subscriptions.TryGetValue(frame["subscription"], out var subscription))
        {
            world.Fail($"{connection} got a message that nobody sent, or for no subscription: {frame}");
            return;
        }

        if (subscription.Destination != message.Destination || frame["destination"] != message.Destination.Shown || message.Index < 0
            || frame["timestamp"] != message.TimestampMs.ToString(CultureInfo.InvariantCulture))
        {
            world.Fail($"{connection} {subscription} got {message}");
        }

        world.Model.NoteId(message, Id(frame));
        message.Taken++;
        message.TakenByAuto |= subscription.IsAuto;
        if (connection.IsVague)
        {
            return;
        }

        if (!subscription.IsLive && start >= subscription.EndPosition)
        {
            world.Fail($"{connection} {subscription} got {message} after it was unsubscribed");
        }

        if ((frame["ack"].Length > 0) != (!subscription.IsAuto && connection.Version == "1.2"))
        {
            world.Fail($"{connection} {subscription}: a wrong ack header");
        }

        var redelivered = frame["redelivered"] == "true";
        var seen = subscription.Seen.GetValueOrDefault(message);
        subscription.Seen[message] = seen + 1;
        Gap(connection, subscription, message, frame["gap"] == "true");
        if (seen == 0)
        {
            First(connection, subscription, message, redelivered);
        }
        else if (!redelivered || subscription.IsAuto || seen > world.Node.Options.Ack.Retries)
        {
            world.Fail($"{connection} {subscription} got {message} once more ({seen + 1}), redelivered {redelivered}");
        }

        NotAfterAck(connection, subscription, message, start);
    }

    // Who resumes gets every message that came after the one it named, or is told with the first that some are gone; and nobody else is.
    private void Gap(SimConnection connection, SimSubscription subscription, Message message, bool isTold)
    {
        if (subscription.Destination.User is not null || !subscription.IsExact || world.Node.Options.History.Messages == 0)
        {
            return; // A node that keeps nothing at all is for tests, and knows of nothing that left.
        }

        var gone = 0;
        if (subscription.Resume is { } last && subscription.Seen.Count == 1 && subscription.Seen[message] == 1)
        {
            var skipped = subscription.Destination.Log.Skip(last.Index + 1).Take(message.Index - last.Index - 1).ToList();
            gone = skipped.Count(m => m.TtlMs == 0);
            if (gone == 0 && skipped.Count > 0)
            {
                return; // They may have expired on their way.
            }
        }

        if (isTold != gone > 0)
        {
            world.Fail(
                $"{connection} {subscription} was told of a gap: {isTold}, before {message} {gone} are gone since {subscription.Resume}");
        }
    }

    private void NotAfterAck(SimConnection connection, SimSubscription subscription, Message message, long start)
    {
        if (subscription.AckedAt.TryGetValue(message, out var acked) && start >= acked)
        {
            world.Fail($"{connection} {subscription} got {message} after it had acknowledged it");
        }

        if (message.AckedAt != 0 && subscription.Event > message.AckedAt && subscription.Resume is null)
        {
            world.Fail($"{connection} {subscription} got {message}, which was acknowledged before it subscribed");
        }
    }

    private void First(SimConnection connection, SimSubscription subscription, Message message, bool redelivered)
    {
        if (message.Index >= subscription.JoinIndex)
        {
            Live(connection, subscription, message, redelivered);
        }
        else if (message.Destination.User is null)
        {
            Missed(connection, subscription, message);
        }
        else if (!redelivered)
        {
            if (subscription.NextLive != subscription.JoinIndex || (subscription.LastOlderId >= message.Id && !message.InTransaction))
            {
                world.Fail($"{connection} {subscription} got {message} too late: behind {subscription.LastOlderId} or live ones");
            }

            subscription.LastOlderId = Math.Max(subscription.LastOlderId, message.Id);
        }
    }

    private void Live(SimConnection connection, SimSubscription subscription, Message message, bool redelivered)
    {
        if (redelivered && !subscription.IsExact)
        {
            return; // It was dropped here, and came back from another session.
        }

        var next = SkipMortal(subscription, message.Index);
        if (redelivered || (subscription.IsExact ? message.Index != next : message.Index < subscription.NextLive))
        {
            world.Fail($"{connection} {subscription} got {message}, redelivered {redelivered}, due was {next}");
        }

        var older = subscription.NextOlder >= 0 ? subscription.NextOlder : subscription.FirstOlder;
        if (subscription is { IsExact: true, Destination.User: null } && older >= 0 && older != subscription.JoinIndex)
        {
            world.Fail($"{connection} {subscription} got {message}, but not what it had missed from {older} to {subscription.JoinIndex}");
        }

        subscription.NextLive = message.Index + 1;
    }

    // Messages that may expire on their way may be missing.
    private static int SkipMortal(SimSubscription subscription, int until)
    {
        var next = subscription.NextLive;
        while (next < until && subscription.Destination.Log[next].TtlMs > 0)
        {
            next++;
        }

        return next;
    }

    private void Missed(SimConnection connection, SimSubscription subscription, Message message)
    {
        var due = subscription.NextOlder >= 0 ? subscription.NextOlder : subscription.FirstOlder;
        var inPlace = subscription.IsExact && due >= 0 ? message.Index == due : message.Index >= due;
        if (subscription.Resume is null
            || message.Index <= subscription.Resume.Index
            || !inPlace
            || subscription.NextLive != subscription.JoinIndex)
        {
            world.Fail($"{connection} {subscription} got {message} of the past; joined at {subscription.JoinIndex}, due was {due}");
        }

        subscription.NextOlder = message.Index + 1;
    }

    private long Id(ServerFrame frame)
    {
        if (!long.TryParse(frame["message-id"], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            world.Fail($"no message-id in {frame}");
        }

        return id;
    }
}
