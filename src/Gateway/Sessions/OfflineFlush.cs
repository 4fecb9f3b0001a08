using System.Text;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Brings older messages to a subscription before its live ones: what it missed of the history, and what waits in the user's
/// offline queue, merged by id. While it runs, live messages collect behind in the subscription's backlog.
/// </summary>
internal static class OfflineFlush
{
    /// <summary>
    /// Joins a subscription to its topic. Messages after <paramref name="lastEventId"/> (null = none) come from the history first; then,
    /// if it is the first live one of a user's queue, all that waits offline.
    /// </summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="subscription">Not yet in its topic.</param>
    /// <param name="lastEventId">Where it resumes.</param>
    /// <param name="joining">Ends, never failing, in a cluster when other servers know of it; true when some that it missed are
    /// gone.</param>
    /// <returns>False when the topic is no longer in the table.</returns>
    public static bool Join(Session session, Subscription subscription, long? lastEventId, out ValueTask<bool> joining)
    {
        var topic = subscription.Topic;
        var cluster = session.Node.Cluster;
        List<OfflineMessage>? missed = null;
        Resumption resumption = default;
        bool first;
        joining = default;
        lock (topic)
        {
            if (topic.Retired)
            {
                return false;
            }

            if (lastEventId is { } last)
            {
                resumption = topic.ResumeAfter(last, session.Node.NewestId);
                for (var i = resumption.Index; i < (topic.History?.Count ?? 0); i++)
                {
                    var payload = topic.History!.At(i);
                    payload.AddRef();
                    (missed ??= []).Add(new OfflineMessage(payload, 0));
                }

                resumption = cluster is null ? resumption : resumption with { Seen = topic.SeenBefore(resumption, last) };
            }

            // Of a user's queue the first takes what waits, and the first that keeps its messages what the others would drop.
            first = topic.Subscribers.Count == 0 || (topic.User is not null && subscription.Keeps && topic.Subscribers.Keepers == 0);
            subscription.JoinedAt = topic.Position;
            subscription.CatchingUp = missed is not null
                || resumption.IsGap
                || (first && topic.User is not null)
                || (cluster is not null && lastEventId is not null);
            if (subscription.CatchingUp)
            {
                BacklogPolicy.BeginReplay(session, subscription);
            }

            if (subscription.Place is { } place)
            {
                place.Subscription = subscription;
                place.LastId = place.PublishedId = lastEventId ?? session.Position!.LiveFrom(topic);
            }

            topic.Subscribers.Add(subscription);
        }

        if (cluster is not null)
        {
            joining = ClusterJoin.Start(cluster, session, subscription, missed, lastEventId, resumption, first);
            return true;
        }

        joining = new ValueTask<bool>(resumption.IsGap);
        var gapFrom = resumption.IsGap ? lastEventId : null;
        if (first && topic.User is not null)
        {
            Take(session, subscription, missed, areLate: false, gapFrom);
        }
        else if (subscription.CatchingUp)
        {
            Deliver(session, subscription, missed, [], gapFrom);
        }

        return true;
    }

    /// <summary>
    /// Some messages came back into a user's queue: if a session of theirs is live here that keeps its messages, it gets them. Newer ones
    /// may have overtaken them there, so they are marked as redelivered. Called by <see cref="Redelivery"/> alone.
    /// </summary>
    public static void ToAnyLive(Node node, string user, string queue)
    {
        if (!node.Topics.TryGet(Encoding.UTF8.GetBytes($"/user/{user}/queue/{queue}"), out var topic))
        {
            return;
        }

        foreach (var subscription in topic.Subscribers.Snapshot())
        {
            if (subscription is not { Keeps: true })
            {
                continue;
            }

            lock (subscription.Session)
            {
                if (subscription.Ended || subscription.Session.State != SessionState.Open)
                {
                    continue;
                }

                if (subscription.CatchingUp)
                {
                    subscription.MustTakeAgain = true;
                    return;
                }

                subscription.CatchingUp = true;
                BacklogPolicy.BeginReplay(subscription.Session, subscription);
            }

            Take(subscription.Session, subscription, missed: null, areLate: true);
            return;
        }
    }

    private static void Take(
        Session session, Subscription subscription, List<OfflineMessage>? missed, bool areLate, long? gapFrom = null)
    {
        var taking = session.Node.Offline.TakeAsync(subscription.Topic.User!, subscription.Topic.Queue!);
        if (taking.IsCompletedSuccessfully)
        {
            Deliver(session, subscription, missed, areLate ? Late(taking.Result) : taking.Result, gapFrom);
        }
        else
        {
            _ = FinishAsync(session, subscription, missed, areLate, gapFrom, taking);
        }
    }

    private static async Task FinishAsync(
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        bool areLate,
        long? gapFrom,
        ValueTask<IReadOnlyList<OfflineMessage>> taking)
    {
        var waiting = await ResultAsync(session.Node, taking);
        Deliver(session, subscription, missed, areLate ? Late(waiting) : waiting, gapFrom);
    }

    /// <summary>What waits in a user's queue; nothing if the store cannot say now. Does not fail.</summary>
    public static Task<IReadOnlyList<OfflineMessage>> TakeAsync(Node node, Topic topic) =>
        ResultAsync(node, node.Offline.TakeAsync(topic.User!, topic.Queue!));

    private static async Task<IReadOnlyList<OfflineMessage>> ResultAsync(Node node, ValueTask<IReadOnlyList<OfflineMessage>> taking)
    {
        try
        {
            return await taking;
        }
        catch (StoreUnavailableException)
        {
            // Said by the store. Live messages go on, and what waits is taken by the next round of repairs: soon if only this call failed
            // (a slot that moves), else when the store is back.
            node.Metrics.Relay.StepPostponed();
            node.Cluster?.Repair.RequestIfUp();
        }
        catch (Exception e)
        {
            GatewayLog.OfflineQueueFailed(node.Log, e);
        }

        return [];
    }

    private static List<OfflineMessage> Late(IReadOnlyList<OfflineMessage> messages) =>
        [.. messages.Select(m => m with { Attempts = Math.Max(m.Attempts, (byte)1) })];

    /// <summary>
    /// Ends a subscription's catching up with these, merged by id. Takes over the references. With <paramref name="gapFrom"/> the client is
    /// told first that messages after that one are gone.
    /// </summary>
    public static void Deliver(
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        IReadOnlyList<OfflineMessage> waiting,
        long? gapFrom = null)
    {
        NoteGiven(subscription.Topic, waiting);
        var older = MissedMessages.Merge(missed, waiting);
        if (BacklogPolicy.TryPrepend(session, subscription, older, gapFrom))
        {
            TakeAgain(session, subscription);
            return;
        }

        session.Node.Outcomes.Return(older, session.Share);
        if (subscription.Topic.User is { } user)
        {
            TopicTable.Leave(subscription); // It left before the take, which made this server a holder of the queue again.

            // Another session may have come meanwhile and left the queue to this one.
            session.Node.Redelivery.Offer(user, subscription.Topic.Queue!);
        }
    }

    // What waited goes to this subscription alone, and most of it is in the history no longer.
    private static void NoteGiven(Topic topic, IReadOnlyList<OfflineMessage> waiting)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        lock (topic)
        {
            foreach (var message in waiting)
            {
                topic.Gone(message.Payload);
            }
        }
    }

    private static void TakeAgain(Session session, Subscription subscription)
    {
        lock (session)
        {
            if (!subscription.MustTakeAgain || subscription.CatchingUp)
            {
                return;
            }

            subscription.MustTakeAgain = false;
        }

        session.Node.Redelivery.Offer(subscription.Topic.User!, subscription.Topic.Queue!);
    }
}
