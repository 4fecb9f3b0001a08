using FastPush.Gateway.Cluster;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Stomp;

/// <summary>Sends each client frame to its command, and answers what the commands have in common.</summary>
internal static class StompCommands
{
    public static void Handle(StompConnection connection, in StompFrame frame)
    {
        var connecting = connection.Session.State == SessionState.Connecting;
        var isConnect = frame.Command is StompCommand.Connect or StompCommand.Stomp;
        if (connecting != isConnect)
        {
            var words = connecting ? "The first frame must be CONNECT or STOMP." : "The connection is connected already.";
            Refuse(connection, frame, CloseReason.Protocol, 1002, connecting ? "not connected" : "already connected", words);
            return;
        }

        if (connection.Session.State >= SessionState.Closing)
        {
            return;
        }

        if (!IsPaid(connection, frame))
        {
            return;
        }

        switch (frame.Command)
        {
            case StompCommand.Connect:
            case StompCommand.Stomp:
                ConnectCommand.Handle(connection, frame);
                return;
            case StompCommand.Send:
                SendCommand.Handle(connection, frame);
                return;
            case StompCommand.Subscribe:
                SubscribeCommands.Subscribe(connection, frame);
                return;
            case StompCommand.Unsubscribe:
                SubscribeCommands.Unsubscribe(connection, frame);
                break;
            case StompCommand.Ack when connection.Node.Cluster is not null && frame.TryGet(HeaderName.Receipt, out _):
                // Its RECEIPT says that the message does not come again, so the store must know.
                var owed = OweReceipt(connection, frame, 0);
                AckCommands.Handle(connection, frame, owed);
                owed.Done();
                return;
            case StompCommand.Ack:
            case StompCommand.Nack:
                AckCommands.Handle(connection, frame);
                break;
            case StompCommand.Commit when connection.Node.Cluster is not null:
                var acceptance = OweReceipt(connection, frame, 0);
                TransactionCommands.Handle(connection, frame, acceptance);
                acceptance.Done();
                return;
            case StompCommand.Begin:
            case StompCommand.Commit:
            case StompCommand.Abort:
                TransactionCommands.Handle(connection, frame);
                break;
            case StompCommand.Disconnect:
                Receipt(connection, frame, 0);
                SessionCloser.Close(
                    connection.Session, CloseReason.Disconnect, new CloseNotice { Code = 1000, Message = "", Reason = "disconnected" });
                return;
            default:
                Refuse(connection, frame, CloseReason.Protocol, 1002, "unknown command", "That command is the server's.");
                return;
        }

        Receipt(connection, frame, 0);
    }

    // Before anything is done. SEND and CONNECT are paid otherwise, ACK and NACK where it is known what they have to do.
    private static bool IsPaid(StompConnection connection, in StompFrame frame) => frame.Command switch
    {
        StompCommand.Subscribe or StompCommand.Unsubscribe => CommandRate.TryTake(connection, frame),
        StompCommand.Begin or StompCommand.Commit or StompCommand.Abort => CommandRate.TryTakeTransaction(connection, frame),
        _ => true,
    };

    /// <summary>
    /// Answers the <c>receipt</c> header, if there is one. <paramref name="messageId"/> goes along when it is not 0, and
    /// <paramref name="isGap"/>.
    /// </summary>
    public static void Receipt(StompConnection connection, in StompFrame frame, long messageId, bool isGap = false)
    {
        // The state first: a refusal has given the frame's bytes back to the pool.
        if (connection.Session.State >= SessionState.Closing || !frame.TryGet(HeaderName.Receipt, out var receipt))
        {
            return;
        }

        Answer(connection, receipt, messageId, isGap);
    }

    /// <summary>Sends a RECEIPT for an id that is escaped as the connection's version escapes.</summary>
    public static void Answer(StompConnection connection, ReadOnlySpan<byte> receipt, long messageId, bool isGap = false)
    {
        var size = FrameWriter.MaxReceiptBytes(receipt.Length);
        if (size <= 1024)
        {
            Span<byte> answer = stackalloc byte[1024];
            connection.Reply(answer[..FrameWriter.WriteReceipt(answer, receipt, messageId, isGap)]);
            return;
        }

        var rented = BytePool.Rent(size);
        connection.Reply(rented.AsSpan(0, FrameWriter.WriteReceipt(rented, receipt, messageId, isGap)));
        BytePool.Return(rented);
    }

    /// <summary>The frame's answer, to be given when what it asked for is done.</summary>
    public static ReceiptAcceptance OweReceipt(StompConnection connection, in StompFrame frame, long messageId)
    {
        frame.TryGet(HeaderName.Receipt, out var receipt);
        return new ReceiptAcceptance(connection.Session, receipt, messageId);
    }

    /// <summary>Closes for what this frame asked.</summary>
    public static void Refuse(
        StompConnection connection, in StompFrame frame, CloseReason reason, ushort code, string message, string detail)
    {
        connection.Fail(frame, reason, new CloseNotice { Code = code, Message = message, Detail = detail });
    }

    /// <summary>A required header, or the refusal of the frame.</summary>
    public static bool TryRequire(
        StompConnection connection, in StompFrame frame, HeaderName name, string text, out ReadOnlySpan<byte> value)
    {
        if (frame.TryGet(name, out value) && !value.IsEmpty)
        {
            return true;
        }

        Refuse(connection, frame, CloseReason.Protocol, 1002, "missing header", $"The frame needs the header {text}.");
        return false;
    }

    /// <summary>
    /// The destination header without its escapes, in <paramref name="buffer"/> when it had any, and what it means; or the refusal.
    /// </summary>
    public static bool TryDestination(
        StompConnection connection, in StompFrame frame, Span<byte> buffer, out ParsedDestination destination)
    {
        destination = default;
        if (!TryRequire(connection, frame, HeaderName.Destination, "destination", out var raw))
        {
            return false;
        }

        var text = raw;
        if (HeaderText.NeedsUnescape(raw) && connection.Version != StompVersion.V10)
        {
            if (raw.Length > buffer.Length)
            {
                Refuse(connection, frame, CloseReason.Protocol, 1002, "bad destination", "The destination is too long.");
                return false;
            }

            text = buffer[..HeaderText.Unescape(raw, connection.Version, buffer)];
        }

        if (!Destinations.TryParse(text, out var kind, out var user, out var name))
        {
            Refuse(
                connection,
                frame,
                CloseReason.Protocol,
                1002,
                "bad destination",
                "A destination is /topic/{name}, /user/queue/{name} or /user/{userId}/queue/{name}; names have 1 to 200 bytes of UTF-8 "
                    + "without control characters.");
            return false;
        }

        destination = new ParsedDestination { Kind = kind, Raw = raw, Text = text, User = user, Name = name };
        return true;
    }
}

/// <summary>A destination header: as it came, without escapes, and taken apart.</summary>
internal readonly ref struct ParsedDestination
{
    public DestinationKind Kind { get; init; }

    public ReadOnlySpan<byte> Raw { get; init; }

    public ReadOnlySpan<byte> Text { get; init; }

    public ReadOnlySpan<byte> User { get; init; }

    public ReadOnlySpan<byte> Name { get; init; }
}
