using System.Text;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>BEGIN, COMMIT, ABORT, and what frames with a <c>transaction</c> header hold back.</summary>
internal static class TransactionCommands
{
    /// <summary>Does one of the three. <paramref name="acceptance"/> is told what becomes of the frames of a COMMIT.</summary>
    public static void Handle(StompConnection connection, in StompFrame frame, IAcceptance? acceptance = null)
    {
        if (!StompCommands.TryRequire(connection, frame, HeaderName.Transaction, "transaction", out var raw))
        {
            return;
        }

        var name = Encoding.UTF8.GetString(raw);
        var transactions = connection.Transactions ??= new Transactions(connection.Session.Share);
        switch (frame.Command)
        {
            case StompCommand.Begin when transactions.Count >= connection.Node.Options.Limits.Transactions:
                Refuse(connection, frame, $"A connection may have {connection.Node.Options.Limits.Transactions} transactions open.");
                break;
            case StompCommand.Begin when !transactions.HasRoom:
                Overload(connection, frame);
                break;
            case StompCommand.Begin when !transactions.TryBegin(name):
                Refuse(connection, frame, "A transaction of that name is open already.");
                break;
            case StompCommand.Begin:
                break;
            default:
                End(connection, frame, transactions, name, acceptance);
                break;
        }
    }

    /// <summary>Holds a SEND back. False when the frame was refused; the payload is then the caller's still.</summary>
    public static bool TryAddSend(
        StompConnection connection, in StompFrame frame, ReadOnlySpan<byte> transaction, ReadOnlySpan<byte> key, Payload payload) =>
        TryAdd(connection, frame, transaction, new Transactions.Step(payload, key.ToArray(), null, 0, false));

    /// <summary>Holds an ACK or NACK back.</summary>
    public static bool TryAddAck(
        StompConnection connection,
        in StompFrame frame,
        ReadOnlySpan<byte> transaction,
        Subscription? subscription,
        long sequence,
        bool isAck) =>
        TryAdd(connection, frame, transaction, new Transactions.Step(null, null, subscription, sequence, isAck));

    private static bool TryAdd(StompConnection connection, in StompFrame frame, ReadOnlySpan<byte> transaction, Transactions.Step step)
    {
        var transactions = connection.Transactions;
        if (transactions is not null && transactions.Frames >= connection.Node.Options.Limits.TransactionFrames)
        {
            Refuse(connection, frame, $"Transactions hold at most {connection.Node.Options.Limits.TransactionFrames} frames.");
            return false;
        }

        if (transactions is { HasRoom: false })
        {
            Overload(connection, frame);
            return false;
        }

        if (transactions is null || !transactions.TryAdd(Encoding.UTF8.GetString(transaction), step))
        {
            Refuse(connection, frame, "No transaction of that name is open.");
            return false;
        }

        return true;
    }

    private static void End(
        StompConnection connection, in StompFrame frame, Transactions transactions, string name, IAcceptance? acceptance)
    {
        if (!transactions.TryEnd(name, out var steps))
        {
            Refuse(connection, frame, "No transaction of that name is open.");
            return;
        }

        foreach (var step in steps)
        {
            if (frame.Command == StompCommand.Abort)
            {
                step.Payload?.Release();
            }
            else if (step.Payload is { } payload)
            {
                payload.PublishedId = connection.Node.Ids.Next(connection.Node.Clock.UnixMs);
                connection.Node.Fanout.Publish(step.Key, payload, acceptance);
            }
            else
            {
                AckCommands.Apply(connection, step.Subscription, step.Sequence, step.IsAck, acceptance);
            }
        }
    }

    private static void Overload(StompConnection connection, in StompFrame frame) => StompCommands.Refuse(
        connection, frame, CloseReason.Overload, 1013, "overload", MemoryWords.Refusal(connection.Session.Share, frame.Body.Length));

    private static void Refuse(StompConnection connection, in StompFrame frame, string detail) =>
        StompCommands.Refuse(connection, frame, CloseReason.Protocol, 1002, "bad transaction", detail);
}
