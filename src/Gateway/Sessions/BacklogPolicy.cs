using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// What happens when messages wait for a session: the bounds (its own, and its user's share of the memory) and the overflow policies.
/// Under the session's lock.
/// </summary>
internal static class BacklogPolicy
{
    /// <summary>Adds a message to a subscription's backlog, which takes a reference (and hold) of its own.</summary>
    /// <returns>False when the policy is to close the connection.</returns>
    public static bool TryAdd(Session session, Subscription subscription, OfflineMessage message)
    {
        var payload = message.Payload;
        if (session.Outbox.IsCorked)
        {
            BeginReplay(session, subscription); // It is we who do not send yet.
        }
        else if (subscription.Replay?.IsOver(session.Outbox) == true)
        {
            EndReplay(session, subscription);
        }

        if (!TryMakeRoom(session, subscription, payload.Length, out var accepted)
            || (accepted && !TryCharge(session, subscription, payload.Footprint, out accepted)))
        {
            return false;
        }

        if (!accepted)
        {
            session.Node.Outcomes.Dropped(payload);
            return true;
        }

        payload.AddRef();
        if (payload.User is not null)
        {
            payload.Hold();
        }

        subscription.Backlog.Add(message, isCharged: true);
        if (subscription.Replay is { } replay)
        {
            replay.Add(payload.Length);
            session.ReplayBytes += payload.Length;
        }
        else
        {
            session.BacklogBytes += Counted(subscription, payload.Length);
        }

        session.Outbox.MarkReady(subscription);
        return true;
    }

    /// <summary>
    /// What waits for this subscription, and what comes until it is sent, no longer counts against the outbox. With
    /// <see cref="OverflowPolicy.Conflate"/> nothing changes: who wants the newest only has no use for what it missed.
    /// </summary>
    public static void BeginReplay(Session session, Subscription subscription)
    {
        if (subscription.Replay is not null || subscription.Overflow == OverflowPolicy.Conflate)
        {
            return;
        }

        subscription.Replay = new Replay();
        session.BacklogBytes -= Counted(subscription, subscription.Backlog.Bytes);
    }

    // All that waits counts again.
    private static void EndReplay(Session session, Subscription subscription)
    {
        session.ReplayBytes -= subscription.Replay!.End();
        session.BacklogBytes += Counted(subscription, subscription.Backlog.Bytes);
        subscription.Replay = null;
    }

    private static long Counted(Subscription subscription, long bytes) => subscription.Overflow == OverflowPolicy.Spill ? 0 : bytes;

    /// <summary>
    /// Puts older messages in front of a subscription's backlog, ends its catching up, and sends. Owns the messages and their holds from
    /// here on; takes the lock itself. With <paramref name="gapFrom"/>, where it resumes, the client is told first that some are gone.
    /// </summary>
    /// <returns>False when the session is ending; then they are the caller's still.</returns>
    public static bool TryPrepend(
        Session session, Subscription subscription, IReadOnlyList<OfflineMessage> older, long? gapFrom = null)
    {
        lock (session)
        {
            if (session.State != SessionState.Open || subscription.Ended)
            {
                return false;
            }

            if (session.Node.Cluster is not null && older.Count > 0)
            {
                older = WithLive(session, subscription, older);
                subscription.CaughtUp = Remember(session.Node, older) ?? subscription.CaughtUp;
            }

            if (gapFrom is { } from)
            {
                GapNotice.Tell(session, subscription, from, older.Count == 0 ? null : older[0].Payload.Id);
            }

            BeginReplay(session, subscription);

            // Whoever published them answers for them while their user is behind, as while the user was away. The others were here
            // before, so they cannot be refused.
            session.Share.Add(subscription.Backlog.Prepend(older));
            session.BacklogBytes += subscription.Replay is null ? Counted(subscription, older.Sum(m => (long)m.Payload.Length)) : 0;
            subscription.CatchingUp = false;
            session.Outbox.MarkReady(subscription);
        }

        session.Flush();
        return true;
    }

    // What came from a shared store may have come live meanwhile, and what came live may be older than some of it: the relay of another
    // server was slower.
    private static IReadOnlyList<OfflineMessage> WithLive(Session session, Subscription subscription, IReadOnlyList<OfflineMessage> older)
    {
        if (subscription.Backlog.Count == 0)
        {
            return older;
        }

        var live = subscription.Backlog.Ids();
        var all = new List<OfflineMessage>(older.Count + live.Count);
        foreach (var message in older)
        {
            if (live.Contains(message.Payload.Id))
            {
                Drop(message.Payload);
            }
            else
            {
                all.Add(message);
            }
        }

        while (subscription.Backlog.Count > 0)
        {
            all.Add(Take(session, subscription));
        }

        all.Sort(static (a, b) => a.Payload.Id.CompareTo(b.Payload.Id));
        return all;
    }

    // The younger ones of what a subscription got late.
    private static CaughtUp? Remember(Node node, IReadOnlyList<OfflineMessage> older)
    {
        var from = Snowflake.FirstId(node.Clock.UnixMs - CaughtUp.WindowMs);
        HashSet<long> ids = [.. older.Select(message => message.Payload.Id).Where(id => id > from)];
        return ids.Count == 0 ? null : new CaughtUp(ids, node.Clock.NowMs + CaughtUp.WindowMs);
    }

    /// <summary>The next message of a backlog; its reference and hold pass to the caller.</summary>
    public static OfflineMessage Take(Session session, Subscription subscription)
    {
        var message = Take(session, subscription, out var isCharged);
        Uncharge(session, message.Payload, isCharged);
        return message;
    }

    /// <summary>The same; the session's share goes on answering for it if it did.</summary>
    public static OfflineMessage Take(Session session, Subscription subscription, out bool isCharged)
    {
        var message = subscription.Backlog.Take(out isCharged);
        if (subscription.Replay is { } replay)
        {
            session.ReplayBytes -= replay.Took(subscription.Backlog.Count + 1, message.Payload.Length);
        }
        else
        {
            session.BacklogBytes -= Counted(subscription, message.Payload.Length);
        }

        return message;
    }

    /// <summary>The session's share no longer answers for a message.</summary>
    public static void Uncharge(Session session, Payload payload, bool isCharged)
    {
        if (isCharged)
        {
            session.Share.Remove(payload.Footprint);
        }
    }

    /// <summary>Gives up a reference and hold of a message whose outcome is settled, or is another's to settle.</summary>
    public static void Drop(Payload payload)
    {
        if (payload.User is not null)
        {
            payload.Unhold();
        }

        payload.Release();
    }

    // False = close; accepted says whether the new message is let in.
    private static bool TryMakeRoom(Session session, Subscription subscription, int size, out bool accepted)
    {
        ref var backlog = ref subscription.Backlog;
        var bounds = session.Node.Options.Offline;
        accepted = true;
        if (subscription.Replay is { } replay)
        {
            if (replay.HasRoom(bounds, session.ReplayBytes, size))
            {
                return true;
            }

            if (subscription.Overflow != OverflowPolicy.DropOldest)
            {
                return false;
            }

            EndReplay(session, subscription); // It does not read: what it missed is the oldest.
        }

        switch (subscription.Overflow)
        {
            case OverflowPolicy.Spill:
                return backlog.Count < bounds.Messages && backlog.Bytes + size <= bounds.Bytes;
            case OverflowPolicy.Conflate:
                while (backlog.Count > 0 && !subscription.CatchingUp)
                {
                    DropOldest(session, subscription);
                }

                return true;
            case OverflowPolicy.DropOldest:
                while (backlog.Count > 0 && !Fits(session, size))
                {
                    DropOldest(session, subscription);
                }

                accepted = Fits(session, size);
                return true;
            default:
                return Fits(session, size);
        }
    }

    // The same for the share of the session's user, which other connections fill too.
    private static bool TryCharge(Session session, Subscription subscription, long bytes, out bool accepted)
    {
        var share = session.Share;
        var mayDrop = subscription.Overflow is OverflowPolicy.DropOldest or OverflowPolicy.Conflate;
        while (!(accepted = share.TryAdd(bytes)) && mayDrop && subscription.Backlog.Count > 0 && !subscription.CatchingUp)
        {
            DropOldest(session, subscription);
        }

        return accepted || mayDrop;
    }

    /// <summary>A run goes out whole only if the outbox could hold it whole.</summary>
    public static bool FitsEncoded(Session session, in FanoutRun run)
    {
        var wire = session.Outbox.WireBytes;
        return wire + run.Bytes <= session.Node.Options.Limits.OutboxBytes || (run.Count == 1 && wire == 0);
    }

    /// <summary>The outbox has room. One message always fits, or one as large as the outbox could never be delivered.</summary>
    public static bool Fits(Session session, int size)
    {
        var waiting = session.BacklogBytes + session.Outbox.WireBytes;
        return waiting == 0 || waiting + size <= session.Node.Options.Limits.OutboxBytes;
    }

    private static void DropOldest(Session session, Subscription subscription)
    {
        var oldest = Take(session, subscription);
        var payload = oldest.Payload;
        session.Node.Outcomes.Dropped(payload);
        if (payload.User is not null && payload.Unhold())
        {
            payload.Charge(session.Share); // Its publisher may answer for it no longer.
            if (session.Node.Outcomes.Unowed(payload))
            {
                session.Node.Redelivery.Note(payload.User, payload.Queue!);
            }
        }

        payload.Release();
    }
}
