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
    /// <param name="joining">In a cluster: ends, never failing, when other servers know of it; null when there is nothing to wait
    /// for.</param>
    /// <returns>False when the topic is no longer in the table.</returns>
    public static bool Join(Session session, Subscription subscription, long? lastEventId, out Task? joining)
    {
        var topic = subscription.Topic;
        var cluster = session.Node.Cluster;
        List<OfflineMessage>? missed = null;
        bool first;
        joining = null;
        lock (topic)
        {
            if (topic.Retired)
            {
                return false;
            }

            if (lastEventId is { } last && topic.History is { } history)
            {
                for (var i = history.IndexAfter(last); i < history.Count; i++)
                {
                    var payload = history.At(i);
                    payload.AddRef();
                    (missed ??= []).Add(new OfflineMessage(payload, 0));
                }
            }

            // Of a user's queue the first takes what waits, and the first that keeps its messages what the others would drop.
            first = topic.Subscribers.Count == 0 || (topic.User is not null && subscription.Keeps && topic.Subscribers.Keepers == 0);
            subscription.JoinedAt = topic.Position;
            subscription.CatchingUp = missed is not null
                || (first && topic.User is not null)
                || (cluster is not null && lastEventId is not null);
            topic.Subscribers.Add(subscription);
        }

        if (cluster is not null)
        {
            joining = ClusterJoin.Start(cluster, session, subscription, missed, lastEventId, first);
        }
        else if (first && topic.User is not null)
        {
            Take(session, subscription, missed, areLate: false);
        }
        else if (missed is not null)
        {
            Deliver(session, subscription, missed, []);
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
            }

            Take(subscription.Session, subscription, missed: null, areLate: true);
            return;
        }
    }

    private static void Take(Session session, Subscription subscription, List<OfflineMessage>? missed, bool areLate)
    {
        var taking = session.Node.Offline.TakeAsync(subscription.Topic.User!, subscription.Topic.Queue!);
        if (taking.IsCompletedSuccessfully)
        {
            Deliver(session, subscription, missed, areLate ? Late(taking.Result) : taking.Result);
        }
        else
        {
            _ = FinishAsync(session, subscription, missed, areLate, taking);
        }
    }

    private static async Task FinishAsync(
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        bool areLate,
        ValueTask<IReadOnlyList<OfflineMessage>> taking)
    {
        var waiting = await ResultAsync(session.Node, taking);
        Deliver(session, subscription, missed, areLate ? Late(waiting) : waiting);
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

    /// <summary>Ends a subscription's catching up with these, merged by id. Takes over the references.</summary>
    public static void Deliver(
        Session session, Subscription subscription, List<OfflineMessage>? missed, IReadOnlyList<OfflineMessage> waiting)
    {
        var older = Merge(missed, waiting);
        if (BacklogPolicy.TryPrepend(session, subscription, older))
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

    // By id, each once and with a hold: a message that waited offline may stand in the history too.
    private static List<OfflineMessage> Merge(List<OfflineMessage>? missed, IReadOnlyList<OfflineMessage> waiting)
    {
        var merged = new List<OfflineMessage>(waiting.Count + (missed?.Count ?? 0));
        foreach (var message in waiting)
        {
            if (message.Payload.TryHoldFirst())
            {
                merged.Add(message);
            }
            else
            {
                message.Payload.Release();
            }
        }

        if (missed is null)
        {
            return merged;
        }

        var ids = new HashSet<long>(merged.Select(m => m.Payload.Id));
        foreach (var message in missed)
        {
            if (ids.Contains(message.Payload.Id))
            {
                message.Payload.Release();
                continue;
            }

            if (message.Payload.User is not null)
            {
                message.Payload.Hold();
            }

            merged.Add(message);
        }

        // What comes from the history alone stays in its order: that is where a client which resumes again will go on.
        if (ids.Count > 0)
        {
            merged.Sort(static (a, b) => a.Payload.Id.CompareTo(b.Payload.Id));
        }

        return merged;
    }
}
