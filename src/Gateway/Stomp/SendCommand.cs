using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>SEND: checked, rendered once, handed to fan-out (STOMP 1.2, "SEND").</summary>
internal static class SendCommand
{
    public static void Handle(StompConnection connection, in StompFrame frame)
    {
        if (frame.TryGet(HeaderName.Destination, out var raw) && raw.SequenceEqual("/fastpush/token"u8))
        {
            if (CommandRate.TryTake(connection, frame) && ConnectCommand.Refresh(connection, frame))
            {
                StompCommands.Receipt(connection, frame, 0);
            }

            return;
        }

        Span<byte> unescaped = stackalloc byte[512];
        if (!StompCommands.TryDestination(connection, frame, unescaped, out var destination)
            || !MaySend(connection, frame, destination))
        {
            return;
        }

        if (Render(connection, frame, destination) is not { } payload)
        {
            connection.Node.Metrics.Failed(Telemetry.FailureKind.Refused);
            var words = MemoryWords.Refusal(connection.Session.Share, frame.Body.Length);
            StompCommands.Refuse(connection, frame, CloseReason.Overload, 1013, "overload", words);
            return;
        }

        var id = payload.Id;
        if (frame.TryGet(HeaderName.Transaction, out var transaction))
        {
            if (!TransactionCommands.TryAddSend(connection, frame, transaction, destination.Text, payload))
            {
                payload.Release();
                return;
            }
        }
        else if (connection.Node.Cluster is not null && payload.User is not null)
        {
            // Its RECEIPT says that it is stored, which takes an answer from the store.
            var acceptance = StompCommands.OweReceipt(connection, frame, id);
            connection.Node.Fanout.Publish(destination.Text, payload, acceptance);
            acceptance.Done();
            return;
        }
        else
        {
            connection.Node.Fanout.Publish(destination.Text, payload);
        }

        StompCommands.Receipt(connection, frame, id);
    }

    private static bool MaySend(StompConnection connection, in StompFrame frame, in ParsedDestination destination)
    {
        if (destination.Kind == DestinationKind.OwnQueue)
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Protocol, 1002, "bad destination", "Send to a user by /user/{userId}/queue/{name}.");
            return false;
        }

        var session = connection.Session;
        var principal = session.Principal!;
        if (!principal.Acl.MayPublish(destination.Text))
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Forbidden, 1008, "forbidden", "The token does not allow to publish to this destination.");
            return false;
        }

        if (!connection.Node.HasIds)
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Overload, 1013, "unavailable", "This node cannot number messages now. Connect again.");
            return false;
        }

        // Before the rendering: a flood must cost as little as can be.
        if (!connection.Node.Users.TryTake(session.User!, session.LastInputMs, principal.Burst, principal.PerSecond))
        {
            StompCommands.Refuse(
                connection,
                frame,
                CloseReason.RateLimit,
                1008,
                "rate limit",
                $"This user may send bursts of {principal.Burst} messages and {principal.PerSecond} a second.");
            return false;
        }

        return true;
    }

    private static Payload? Render(StompConnection connection, in StompFrame frame, in ParsedDestination destination)
    {
        var node = connection.Node;
        var isRaw = destination.Kind == DestinationKind.Topic && connection.Version != StompVersion.V10;
        var header = isRaw ? destination.Raw : ShownDestination(destination, stackalloc byte[1024]);
        if (!MessageDraft.TryBegin(node.Pool, connection.Session.Share, MessageTail.Size(frame, header), out var draft))
        {
            return null;
        }

        var unixMs = node.Clock.UnixMs;
        var id = node.Ids.Next(unixMs);
        var length = MessageTail.Write(
            draft.Bytes, id, header, unixMs, frame, connection.Version, out var headersStart, out var bodyStart);
        if (draft.End(node.Pool, length) is not { } payload)
        {
            return null;
        }

        var isText = connection.FrameIsText || System.Text.Unicode.Utf8.IsValid(frame.Body);
        payload.Seal(id, unixMs, length, headersStart, bodyStart, isText);
        payload.AcceptedTicks = FanoutBatch.Current.ReadTicks;
        if (destination.Kind == DestinationKind.UserQueue)
        {
            var topic = node.Topics.GetOrAdd(destination.Text);
            payload.User = topic.User;
            payload.Queue = topic.Queue;
        }

        return payload;
    }

    // What receivers see, when it is not what was sent: a topic's name escaped, or the name under which a queue's user subscribed.
    private static ReadOnlySpan<byte> ShownDestination(in ParsedDestination destination, Span<byte> shown)
    {
        if (destination.Kind == DestinationKind.Topic)
        {
            return shown[..HeaderText.Escape(destination.Text, StompVersion.V12, shown)];
        }

        "/user/queue/"u8.CopyTo(shown);
        return shown[..(12 + HeaderText.Escape(destination.Name, StompVersion.V12, shown[12..]))];
    }
}
