using System.Globalization;
using System.Text;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>SUBSCRIBE and UNSUBSCRIBE.</summary>
internal static class SubscribeCommands
{
    public static void Subscribe(StompConnection connection, in StompFrame frame)
    {
        Span<byte> unescaped = stackalloc byte[512];
        if (!StompCommands.TryDestination(connection, frame, unescaped, out var destination)
            || !TryOptions(connection, frame, destination.Kind, out var wish))
        {
            return;
        }

        var session = connection.Session;
        if (destination.Kind == DestinationKind.UserQueue || !session.Principal!.Acl.MaySubscribe(destination.Text))
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Forbidden, 1008, "forbidden", "The token does not allow to subscribe to this destination.");
            return;
        }

        if (session.Subscriptions.Count >= connection.Node.Options.Limits.Subscriptions)
        {
            StompCommands.Refuse(
                connection,
                frame,
                CloseReason.Protocol,
                1008,
                "too many subscriptions",
                $"A connection may have {connection.Node.Options.Limits.Subscriptions} subscriptions.");
            return;
        }

        if (!Subscriber.HasRoom(session.Share))
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Overload, 1013, "overload", MemoryWords.Refusal(session.Share, Subscription.BytesAbout));
            return;
        }

        frame.TryGet(HeaderName.Id, out var id);
        Span<byte> key = stackalloc byte[512];
        var resolved = Resolve(session, destination, key);
        var subscribed = id.IsEmpty ? session.Subscriptions.FindByKey(resolved) : session.Subscriptions.FindById(id);
        if (subscribed is not null)
        {
            StompCommands.Refuse(
                connection,
                frame,
                CloseReason.Protocol,
                1002,
                "duplicate subscription",
                "This connection has a subscription with that id.");
            return;
        }

        var head = id.IsEmpty ? SubscriptionHeads.WithoutId : connection.Node.Heads.Get(id);
        connection.FlushAtEnd();
        var joining = Subscriber.Add(session, resolved, head, wish);
        if (joining.IsCompletedSuccessfully)
        {
            StompCommands.Receipt(connection, frame, 0, joining.Result);
        }
        else
        {
            _ = AnswerAsync(joining, StompCommands.OweReceipt(connection, frame, 0));
        }
    }

    // The receipt says that messages published on other servers come as well.
    private static async Task AnswerAsync(ValueTask<bool> joining, ReceiptAcceptance acceptance)
    {
        acceptance.IsGap = await joining;
        acceptance.Done();
    }

    public static void Unsubscribe(StompConnection connection, in StompFrame frame)
    {
        var session = connection.Session;
        Subscription? subscription;
        if (frame.TryGet(HeaderName.Id, out var id) && !id.IsEmpty)
        {
            subscription = session.Subscriptions.FindById(id);
        }
        else
        {
            Span<byte> unescaped = stackalloc byte[512];
            Span<byte> key = stackalloc byte[512];
            if (connection.Version != StompVersion.V10)
            {
                StompCommands.TryRequire(connection, frame, HeaderName.Id, "id", out _);
                return;
            }

            if (!StompCommands.TryDestination(connection, frame, unescaped, out var destination))
            {
                return;
            }

            subscription = session.Subscriptions.FindByKey(Resolve(session, destination, key));
        }

        if (subscription is null)
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Protocol, 1002, "no such subscription", "This connection has no subscription with that id.");
            return;
        }

        SessionCloser.Unsubscribe(session, subscription);
    }

    /// <summary>The topic's key: a user's own queue gets the user's name in.</summary>
    private static ReadOnlySpan<byte> Resolve(Session session, in ParsedDestination destination, Span<byte> key)
    {
        if (destination.Kind != DestinationKind.OwnQueue)
        {
            return destination.Text;
        }

        return key[..Subscriber.OwnQueueKey(session.Principal!.UserId, destination.Name, key)];
    }

    private static bool TryOptions(StompConnection connection, in StompFrame frame, DestinationKind kind, out SubscriptionWish wish)
    {
        wish = default;
        var options = connection.Node.Options.Ack;
        if (connection.Version != StompVersion.V10 && !StompCommands.TryRequire(connection, frame, HeaderName.Id, "id", out _))
        {
            return false;
        }

        if (!TryAckMode(frame, out var ackMode))
        {
            Bad(connection, frame, "ack is auto, client or client-individual.");
            return false;
        }

        var prefetch = options.Prefetch;
        if (frame.TryGet(HeaderName.PrefetchCount, out var count)
            && (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out prefetch) || prefetch < 1))
        {
            Bad(connection, frame, $"prefetch-count is a number from 1 to {options.PrefetchMax}.");
            return false;
        }

        long? lastEventId = null;
        if (frame.TryGet(HeaderName.LastEventId, out var last))
        {
            if (!long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
            {
                Bad(connection, frame, "last-event-id is a message-id.");
                return false;
            }

            lastEventId = parsed;
        }

        if (!TryOverflow(frame, kind, out var overflow))
        {
            Bad(connection, frame, "overflow is close, drop-oldest, conflate or spill.");
            return false;
        }

        wish = new SubscriptionWish(ackMode, overflow, Math.Min(prefetch, options.PrefetchMax), lastEventId);
        return true;
    }

    private static bool TryAckMode(in StompFrame frame, out AckMode mode)
    {
        mode = AckMode.Auto;
        if (!frame.TryGet(HeaderName.Ack, out var ack) || ack.SequenceEqual("auto"u8))
        {
            return true;
        }

        mode = ack.SequenceEqual("client"u8) ? AckMode.Client : AckMode.ClientIndividual;
        return mode == AckMode.Client || ack.SequenceEqual("client-individual"u8);
    }

    private static bool TryOverflow(in StompFrame frame, DestinationKind kind, out OverflowPolicy policy)
    {
        policy = kind == DestinationKind.Topic ? OverflowPolicy.Close : OverflowPolicy.Spill;
        if (!frame.TryGet(HeaderName.Overflow, out var overflow))
        {
            return true;
        }

        OverflowPolicy? known = Encoding.ASCII.GetString(overflow) switch
        {
            "close" => OverflowPolicy.Close,
            "drop-oldest" => OverflowPolicy.DropOldest,
            "conflate" => OverflowPolicy.Conflate,
            "spill" => OverflowPolicy.Spill,
            _ => null,
        };
        policy = known ?? policy;
        return known is not null;
    }

    private static void Bad(StompConnection connection, in StompFrame frame, string detail) =>
        StompCommands.Refuse(connection, frame, CloseReason.Protocol, 1002, "bad header", detail);
}
