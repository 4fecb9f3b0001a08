using FastPush.Gateway.Topics;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>The last step of fan-out: from a batch to one subscription's session.</summary>
internal static class Delivery
{
    /// <summary>Delivers a run of messages, and returns how many went out (or into the encoded bytes) at once.</summary>
    public static int Deliver(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        var session = subscription.Session;
        var sent = 0;
        CloseReason? failed = null;
        lock (session)
        {
            if (session.State != SessionState.Open || subscription.Ended)
            {
                Owe(subscription, batch, run);
                return 0;
            }

            if (subscription.CaughtUp is { } caughtUp && caughtUp.UntilMs < batch.NowMs)
            {
                subscription.CaughtUp = null;
            }

            if (!subscription.CatchingUp
                && !subscription.TellsGap
                && subscription.CaughtUp is null
                && run.FirstPosition > subscription.JoinedAt
                && session.Outbox.CanAppend
                && BacklogPolicy.FitsEncoded(session, run)
                && (subscription.Window is not { } window || MayAwait(subscription, window, run)))
            {
                sent = SendEncoded(session, subscription, batch, run);
            }
            else if (!Enqueue(session, subscription, batch, run))
            {
                failed = CloseReason.SlowConsumer;
            }

            failed ??= session.Outbox.IsDead ? CloseReason.PeerGone : session.Outbox.IsOverShare ? CloseReason.SlowConsumer : null;
        }

        if (failed is { } reason)
        {
            SessionCloser.Close(session, reason);
        }

        return sent;
    }

    // The window has room, and its user's share answers for what goes into it.
    private static bool MayAwait(Subscription subscription, AckWindow window, in FanoutRun run) =>
        subscription.Backlog.Count == 0 && window.HasRoomFor(run.Count, run.Footprint) && subscription.Session.Share.TryAdd(run.Footprint);

    // It has ended since these were published: they are for its user's next session, whatever those that are here make of them.
    private static void Owe(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        for (var i = 0; i < run.Count && subscription is { Keeps: true, Topic.User: not null }; i++)
        {
            batch.PayloadAt(run, i).IsReturned = true;
        }
    }

    // The common case: nothing waits, and the ACK window, if there is one, has room. One encoding may serve many sessions.
    private static int SendEncoded(Session session, Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        var outbox = session.Outbox;
        var bytes = batch.Encode(subscription, run);
        var end = outbox.Appended + bytes.Length;
        var direct = outbox.IsEmpty && !batch.IsCorked;
        if (direct)
        {
            outbox.SendNow(bytes);
            outbox.NoteSent(batch.NowMs);
        }
        else
        {
            outbox.Append(bytes);
        }

        if (subscription.Window is { } window)
        {
            Await(session, window, batch, run);
        }
        else if (subscription.Topic.User is not null)
        {
            Settle(session, batch, run, end);
        }

        if (!direct)
        {
            FlushLater(session, batch);
        }

        return run.Count;
    }

    // Whatever became of the bytes: what the client does not acknowledge comes again, or goes back when the session ends.
    private static void Await(Session session, AckWindow window, FanoutBatch batch, in FanoutRun run)
    {
        for (var i = 0; i < run.Count; i++)
        {
            var payload = batch.PayloadAt(run, i);
            payload.AddRef();
            if (payload.User is not null)
            {
                payload.Hold();
            }

            window.Add(payload, attempts: 0, batch.NowMs, isCharged: true);
            session.Node.Outcomes.Sent(payload);
        }
    }

    // A user's message is delivered once the link has taken its last byte.
    private static void Settle(Session session, FanoutBatch batch, in FanoutRun run, long end)
    {
        for (var i = 0; i < run.Count; i++)
        {
            var payload = batch.PayloadAt(run, i);
            if (session.Outbox.HasSent(end))
            {
                session.Node.Outcomes.Delivered(payload);
            }
            else
            {
                session.Outbox.SettleWhenSent(payload, end);
            }
        }
    }

    private static bool Enqueue(Session session, Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        for (var i = 0; i < run.Count; i++)
        {
            if (batch.PositionAt(run, i) <= subscription.JoinedAt)
            {
                continue;
            }

            var message = new OfflineMessage(batch.PayloadAt(run, i), 0);
            if (subscription.CaughtUp is { } caughtUp && caughtUp.Contains(message.Payload.Id))
            {
                if (message.Payload.User is null)
                {
                    continue;
                }

                message = message with { Attempts = 1 }; // Its outcome is owed, so it goes out once more and says so.
            }

            if (!BacklogPolicy.Fits(session, message.Payload.Length))
            {
                // What the link takes at once is no overflow, however large the batch.
                session.Outbox.Flush();
            }

            if (!BacklogPolicy.TryAdd(session, subscription, message))
            {
                return false;
            }
        }

        FlushLater(session, batch);
        return true;
    }

    private static void FlushLater(Session session, FanoutBatch batch)
    {
        if (batch.IsCorked)
        {
            session.FlushAtEnd(batch);
        }
        else
        {
            session.Outbox.Flush();
            session.AfterSend();
        }
    }
}
