using FastPush.Gateway.Topics;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// The way out of a session, in two steps: <see cref="Close(Session, CloseReason, CloseNotice)"/> takes it out of its topics, saves
/// what is not settled and sends the last words; <see cref="End"/> lets go of the rest when the connection is over.
/// Never called inside a lock.
/// </summary>
internal static class SessionCloser
{
    // How long a closing client may take to read its last words and answer.
    private const int LingerMs = 5_000;

    /// <summary>Closes with the words that go with the reason.</summary>
    public static void Close(Session session, CloseReason reason) => Close(session, reason, reason switch
    {
        CloseReason.SlowConsumer => new CloseNotice
        {
            Code = 1008,
            Message = "slow consumer",
            Detail = "More waits for this connection than its outbox holds, or for all connections of this user than the user's share of "
                + "memory. Read faster, subscribe with another overflow policy (drop-oldest, conflate, spill), or acknowledge sooner.",
            Reason = "slow-consumer",
        },
        CloseReason.HeartBeat => new CloseNotice
        {
            Code = 1002,
            Message = "heart-beat missed",
            Detail = "Nothing came from the client for longer than the heart-beat that was agreed.",
        },
        CloseReason.FrameTimeout => new CloseNotice
        {
            Code = 1008,
            Message = "frame timeout",
            Detail = "A STOMP frame or WebSocket message was begun, and its end did not come in time (FastPush:Limits:FrameTimeoutMs).",
        },
        CloseReason.ConnectTimeout => new CloseNotice
        {
            Code = 1002,
            Message = "connect timeout",
            Detail = "No CONNECT frame came in time after the connection was accepted.",
        },
        CloseReason.TokenExpired => new CloseNotice
        {
            Code = 1008,
            Message = "token expired",
            Detail = "The token's time is over. Connect again with a new one, or send it in time to /fastpush/token.",
        },
        CloseReason.Internal => new CloseNotice
        {
            Code = 1011,
            Message = "internal error",
            Detail = "The gateway failed; this was logged.",
        },
        _ => default,
    });

    /// <summary>Closes with these words; for a peer that is gone they are not said.</summary>
    public static void Close(Session session, CloseReason reason, CloseNotice notice)
    {
        List<OfflineMessage>? unsettled = null;
        Subscription[] subscriptions;
        SessionState from;
        bool finished;
        lock (session)
        {
            if (!session.BeginClose(reason, session.Node.Clock.NowMs + LingerMs, out from))
            {
                return;
            }

            session.Outbox.DropBacklogs();
            subscriptions = session.Subscriptions.Clear();
            foreach (var subscription in subscriptions)
            {
                Release(session, subscription, ref unsettled);
            }

            if (notice.Code != 0 && !session.Outbox.IsDead && session.Format != WireFormat.ServerSentEvents)
            {
                var frames = Scratch.Take(notice.BytesMax);
                session.Outbox.Append(frames.AsSpan(0, notice.Write(frames, session.Format)));
                Scratch.Give(frames);
            }

            session.Outbox.Flush();
            session.AfterSend();
            finished = session.Outbox.IsDead
                || session.Outbox.IsFarOverShare
                || (notice.Code == 0 && session.Format != WireFormat.ServerSentEvents);
        }

        Leave(session, subscriptions, unsettled, wasOpen: from == SessionState.Open);
        if (finished)
        {
            End(session, reason);
            session.Abort();
        }
    }

    /// <summary>The connection is over. <paramref name="reason"/> counts only when nothing closed the session before.</summary>
    public static void End(Session session, CloseReason reason)
    {
        Close(session, reason, default);
        List<OfflineMessage>? unsent = null;
        if (!session.TryEnd(ref unsent))
        {
            return;
        }

        session.Node.Sessions.Remove(session);
        if (unsent is not null)
        {
            ReturnUnsettled(session, unsent);
        }
    }

    /// <summary>Takes one subscription out, for UNSUBSCRIBE. What it leaves open goes back to its queue.</summary>
    public static void Unsubscribe(Session session, Subscription subscription)
    {
        List<OfflineMessage>? unsettled = null;
        lock (session)
        {
            session.Subscriptions.Remove(subscription);
            Release(session, subscription, ref unsettled);
        }

        TopicTable.Leave(subscription);

        if (unsettled is not null)
        {
            ReturnUnsettled(session, unsettled);
        }
    }

    private static void Leave(Session session, Subscription[] subscriptions, List<OfflineMessage>? unsettled, bool wasOpen)
    {
        foreach (var subscription in subscriptions)
        {
            TopicTable.Leave(subscription);
        }

        var node = session.Node;
        if (unsettled is not null)
        {
            ReturnUnsettled(session, unsettled);
        }

        node.Metrics.SessionClosed(session.Format, session.Reason, wasOpen);
        if (wasOpen)
        {
            node.Users.Leave(session.User!);
            node.Presence.Disconnected(session.Principal!.UserId, session.Id, node.Clock.UnixMs);
        }
    }

    // Puts the unsettled back, to be offered to another live session of the user if there is one by now.
    private static void ReturnUnsettled(Session session, List<OfflineMessage> unsettled)
    {
        var node = session.Node;
        if (node.Outcomes.Return(unsettled, session.Share) is not { } queues)
        {
            return;
        }

        foreach (var (user, queue) in queues)
        {
            node.Redelivery.Offer(user, queue);
        }
    }

    private static void Release(Session session, Subscription subscription, ref List<OfflineMessage>? unsettled)
    {
        subscription.Ended = true;
        session.Share.Remove(subscription.Footprint);
        while (subscription.Backlog.Count > 0)
        {
            (unsettled ??= []).Add(BacklogPolicy.Take(session, subscription));
        }

        if (subscription.Window is { } window)
        {
            while (window.TryRemoveThrough(long.MaxValue, out var payload, out var attempts))
            {
                (unsettled ??= []).Add(new OfflineMessage(payload, (byte)Math.Min(attempts + 1, byte.MaxValue)));
            }

            window.Settle();
            window.Shrink();
        }
    }
}
