using System.Globalization;

namespace FastPush.Simulation.Fleet;

/// <summary>Looks at every frame that reaches a client: may it get this now?</summary>
internal sealed class FleetWire(FleetWorld world)
{
    private static readonly string[] s_errors =
    [
        "slow consumer", "unavailable", "overload", "heart-beat missed", "connect timeout", "frame timeout",
    ];

    public void Look(FleetConnection connection)
    {
        while (connection.Link.Frames.TryDequeue(out var taken))
        {
            var (start, frame) = taken;
            switch (frame.Command)
            {
                case "MESSAGE":
                    Message(connection, start, frame);
                    break;
                case "RECEIPT":
                    Receipt(connection, frame);
                    break;
                case "ERROR" when !s_errors.Contains(frame["message"]):
                    world.Fail($"{connection} got the error {frame["message"]}: {frame.Body}");
                    break;
                default:
                    break;
            }

            if (!connection.IsLeft)
            {
                connection.Inbox.Enqueue(frame);
            }
        }
    }

    private void Receipt(FleetConnection connection, ServerFrame frame)
    {
        if (connection.Receipts.Remove(frame["receipt-id"], out var message))
        {
            message.IsAccepted = true;
            message.Id = Id(frame);
            world.Journal.Note($"{message} is accepted");
        }
    }

    private void Message(FleetConnection connection, long start, ServerFrame frame)
    {
        if (world.Find(frame) is not { } message
            || !connection.Subscriptions.TryGetValue(frame["subscription"], out var subscription)
            || message.Shown != subscription.Shown
            || (message.User is not null && message.User != connection.Client.User)
            || frame["destination"] != message.Shown)
        {
            world.Fail($"{connection} got a message that nobody sent to it: {frame}");
            return;
        }

        if (message.Id != 0 && message.Id != Id(frame))
        {
            world.Fail($"{message} has two ids, now {Id(frame)}");
        }

        message.Id = Id(frame);
        message.IsDone |= subscription.IsAuto;
        var redelivered = frame["redelivered"] == "true";
        world.Journal.Note($"{connection} {subscription.Id} gets {message}, redelivered {redelivered}");
        Check(connection, subscription, message, redelivered, start);
        subscription.Seen[message] = subscription.Seen.GetValueOrDefault(message) + 1;
        connection.Client.Seen.Add(message);
    }

    private void Check(FleetConnection connection, FleetSubscription subscription, FleetMessage message, bool redelivered, long start)
    {
        if (redelivered && world.IsRestored(message))
        {
            return; // It may have been over; who is told so has been told enough.
        }

        var isAgain = subscription.Seen.ContainsKey(message);
        if (isAgain && (subscription.IsAuto || !redelivered))
        {
            world.Fail($"{connection} {subscription} got {message} once more, redelivered {redelivered}");
        }

        // A user's other program may have been told of it on the server that this one comes to.
        if (!redelivered && message.User is not null && world.IsOnly(connection.Client) && connection.Client.Seen.Contains(message))
        {
            world.Fail($"{connection} {subscription} got {message}, which its program had before, as if it were new");
        }

        if (subscription.AckedAt.TryGetValue(message, out var position) && start >= position)
        {
            world.Fail($"{connection} {subscription} got {message} after it had acknowledged it");
        }

        if (!redelivered)
        {
            var newest = subscription.Newest.GetValueOrDefault(message.Publisher);
            if (newest >= message.Number)
            {
                world.Fail($"{connection} {subscription} got {message} behind number {newest} of its publisher");
            }

            subscription.Newest[message.Publisher] = message.Number;
        }
    }

    private static long Id(ServerFrame frame) => long.Parse(frame["message-id"], CultureInfo.InvariantCulture);
}
