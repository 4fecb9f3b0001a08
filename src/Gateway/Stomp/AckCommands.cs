using System.Globalization;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// ACK and NACK. STOMP 1.2 names a delivery by its <c>ack</c> header (see <see cref="AckId"/>), 1.1 by <c>subscription</c> and
/// <c>message-id</c>, 1.0 by <c>message-id</c>.
/// </summary>
internal static class AckCommands
{
    // A STOMP 1.0 client that names no subscription pays for looking into more than so many that have something unacknowledged.
    private const int FreeLooks = 64;

    /// <summary>Takes an ACK in the common form, in one pass; false, and nothing done, for any other frame.</summary>
    public static bool TryHandle(StompConnection connection, ReadOnlySpan<byte> bytes, ref AckRun run, out int consumed)
    {
        consumed = 0;
        if (connection.Version != StompVersion.V12
            || connection.Session.State != SessionState.Open
            || !AckReader.TryRead(bytes, connection.Node.ProtocolLimits, out var id, out consumed))
        {
            return false;
        }

        run.Add(connection, id);
        return true;
    }

    /// <summary>Does one of the two. In a cluster <paramref name="acceptance"/> is told when the store knows of an ACK.</summary>
    public static void Handle(StompConnection connection, in StompFrame frame, IAcceptance? acceptance = null)
    {
        if (!TryFind(connection, frame, out var subscription, out var sequence))
        {
            return;
        }

        var isAck = frame.Command == StompCommand.Ack;
        if (frame.TryGet(HeaderName.Transaction, out var transaction))
        {
            TransactionCommands.TryAddAck(connection, frame, transaction, subscription, sequence, isAck);
            return;
        }

        Apply(connection, subscription, sequence, isAck, acceptance);
    }

    /// <summary>
    /// Settles deliveries. One that is no longer in the window (acknowledged twice, given up, unsubscribed, of an earlier connection) is no
    /// fault: the client could not know. It costs a token, as a NACK does; so does the looking for more than is usual.
    /// </summary>
    public static void Apply(
        StompConnection connection, Subscription? subscription, long sequence, bool isAck, IAcceptance? acceptance)
    {
        if (subscription is null || sequence == 0)
        {
            CommandRate.TryTake(connection, default);
            return;
        }

        var session = connection.Session;
        if (isAck)
        {
            if (Acknowledgements.Ack(session, subscription, sequence, 1, out var acked, acceptance))
            {
                connection.FlushAtEnd();
            }

            if (acked == 0)
            {
                CommandRate.TryTake(connection, default);
            }
        }
        else
        {
            var looks = Acknowledgements.NackLooks(session, subscription, sequence);
            if (CommandRate.TryTake(connection, default, CommandRate.TokensFor(looks))
                && Acknowledgements.Nack(session, subscription, sequence))
            {
                connection.FlushAtEnd();
            }
        }
    }

    private static bool TryFind(StompConnection connection, in StompFrame frame, out Subscription? subscription, out long sequence)
    {
        subscription = null;
        sequence = 0;
        if (connection.Version == StompVersion.V12)
        {
            return StompCommands.TryRequire(connection, frame, HeaderName.Id, "id", out var id)
                && TryParse(connection, frame, id, out subscription, out sequence);
        }

        if (!StompCommands.TryRequire(connection, frame, HeaderName.MessageId, "message-id", out var messageId))
        {
            return false;
        }

        if (!long.TryParse(messageId, NumberStyles.None, CultureInfo.InvariantCulture, out var message))
        {
            Bad(connection, frame, "message-id is the decimal number of a MESSAGE frame.");
            return false;
        }

        if (frame.TryGet(HeaderName.Subscription, out var name))
        {
            subscription = connection.Session.Subscriptions.FindById(name);
            sequence = FindSequence(connection.Session, subscription, message);
            return true;
        }

        if (connection.Version == StompVersion.V11)
        {
            return StompCommands.TryRequire(connection, frame, HeaderName.Subscription, "subscription", out _);
        }

        return TryFindAnywhere(connection, frame, message, out subscription, out sequence);
    }

    // STOMP 1.0 names the message alone, so each subscription is asked: O(1) each.
    private static bool TryFindAnywhere(
        StompConnection connection, in StompFrame frame, long message, out Subscription? subscription, out long sequence)
    {
        subscription = null;
        sequence = 0;
        var looks = 0;
        lock (connection.Session)
        {
            foreach (var candidate in connection.Session.Subscriptions.Items)
            {
                if (candidate.Window is not { Count: > 0 } window)
                {
                    continue;
                }

                looks++;
                if (window.Find(message) is not 0 and var found)
                {
                    (subscription, sequence) = (candidate, found);
                    break;
                }
            }
        }

        return looks <= FreeLooks || CommandRate.TryTake(connection, frame, CommandRate.TokensFor(looks));
    }

    private static long FindSequence(Session session, Subscription? subscription, long messageId)
    {
        lock (session)
        {
            return subscription?.Window?.Find(messageId) ?? 0;
        }
    }

    private static bool TryParse(
        StompConnection connection, in StompFrame frame, ReadOnlySpan<byte> id, out Subscription? subscription, out long sequence)
    {
        subscription = null;
        sequence = 0;
        if (!AckId.TryParse(id, out var delivery))
        {
            Bad(connection, frame, "id is the value of a MESSAGE frame's ack header.");
            return false;
        }

        if (delivery.Session == connection.Node.AckKeyOf(connection.Session))
        {
            subscription = connection.Session.Subscriptions.FindByNumber(delivery.Subscription);
            sequence = delivery.Sequence;
        }

        return true;
    }

    private static void Bad(StompConnection connection, in StompFrame frame, string detail) =>
        StompCommands.Refuse(connection, frame, CloseReason.Protocol, 1002, "bad header", detail);
}
