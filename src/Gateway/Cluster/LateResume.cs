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

    /// <summary>Ends when all of it was handed over, or with the subscription.</summary>
    /// <param name="cluster">This server's place.</param>
    /// <param name="session">Whose it is.</param>
    /// <param name="subscription">Live already.</param>
    /// <param name="lastEventId">Where it resumed.</param>
    /// <param name="had">Ids after that one which it was given of this server's own history.</param>
    public static async Task FinishAsync(
        ClusterNode cluster, Session session, Subscription subscription, long lastEventId, HashSet<long> had)
    {
        IReadOnlyList<OfflineMessage>? kept = null;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(AgainMs), session.Node.Clock.Provider);
            kept ??= cluster.Queues.IsUp ? await ReadAsync(cluster, session, subscription, lastEventId) : null;
        }
        while (IsLive(session, subscription) && (kept is null || !TryDeliver(cluster, session, subscription, kept, had, out kept)));

        foreach (var message in kept ?? [])
        {
            message.Payload.Release();
        }
    }

    private static bool IsLive(Session session, Subscription subscription)
    {
        lock (session)
        {
            return !subscription.Ended && session.State == SessionState.Open;
        }
    }

    private static async Task<IReadOnlyList<OfflineMessage>?> ReadAsync(
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

    // False while older messages are on their way to it: these may be among them. Takes over the references, unless it gives them back.
    private static bool TryDeliver(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        IReadOnlyList<OfflineMessage> kept,
        HashSet<long> had,
        out IReadOnlyList<OfflineMessage>? rest)
    {
        rest = kept;
        lock (session)
        {
            if (subscription.CatchingUp || subscription.Ended)
            {
                return false;
            }

            subscription.CatchingUp = true;
        }

        rest = null;
        var late = new List<OfflineMessage>();
        foreach (var message in kept)
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

        OfflineFlush.Deliver(session, subscription, late, []);
        return true;
    }
}
