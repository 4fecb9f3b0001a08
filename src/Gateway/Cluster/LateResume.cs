using FastPush.Gateway.Sessions;
using FastPush.Relay.Offline;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// A subscription of a user's queue that resumed while the store was away: what other servers delivered meanwhile, perhaps into a
/// connection that was broken, stands in the store's history alone. It comes when the store is back, marked, behind what is newer.
/// </summary>
internal static class LateResume
{
    private const int AgainMs = 500;

    /// <summary>Ends when all of it was handed over, or with the subscription. True means that some are gone.</summary>
    /// <param name="cluster">This server's place.</param>
    /// <param name="session">Whose it is.</param>
    /// <param name="subscription">Live already.</param>
    /// <param name="lastEventId">Where it resumed.</param>
    /// <param name="had">Ids after that one which it was given of this server's own history.</param>
    public static async Task<bool> FinishAsync(
        ClusterNode cluster, Session session, Subscription subscription, long lastEventId, HashSet<long> had)
    {
        QueuePart? part = null;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(AgainMs), session.Node.Clock.Provider);
            part ??= cluster.Queues.IsUp ? await ReadAsync(cluster, session, subscription, lastEventId) : null;
            if (part is { } kept && TryDeliver(cluster, session, subscription, kept, had, lastEventId))
            {
                return !kept.IsComplete;
            }
        }
        while (IsLive(session, subscription));

        foreach (var message in part?.Messages ?? [])
        {
            message.Payload.Release();
        }

        return false;
    }

    private static bool IsLive(Session session, Subscription subscription)
    {
        lock (session)
        {
            return !subscription.Ended && session.State == SessionState.Open;
        }
    }

    private static async Task<QueuePart?> ReadAsync(
        ClusterNode cluster, Session session, Subscription subscription, long lastEventId)
    {
        try
        {
            return await cluster.Queues.ReadHistoryAsync(
                subscription.Topic.User!, subscription.Topic.Queue!, lastEventId, () => !subscription.Ended);
        }
        catch (StoreUnavailableException)
        {
            session.Node.Metrics.Relay.StepPostponed(); // Said by the store. It is asked again.
            return null;
        }
    }

    // False while older messages are on their way to it: these may be among them. Takes over the references then only.
    private static bool TryDeliver(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        QueuePart kept,
        HashSet<long> had,
        long lastEventId)
    {
        lock (session)
        {
            if (subscription.CatchingUp || subscription.Ended)
            {
                return false;
            }

            subscription.CatchingUp = true;
            BacklogPolicy.BeginReplay(session, subscription);
        }

        var late = new List<OfflineMessage>();
        foreach (var message in kept.Messages)
        {
            if (had.Contains(message.Payload.Id) || cluster.Queues.HasHad(subscription.Topic.User!, message.Payload.Id))
            {
                message.Payload.Release(); // It came here, and comes again by itself if it is not acknowledged.
            }
            else
            {
                late.Add(message with { Attempts = Math.Max(message.Attempts, (byte)1) });
            }
        }

        OfflineFlush.Deliver(session, subscription, late, [], kept.IsComplete ? null : lastEventId);
        return true;
    }
}
