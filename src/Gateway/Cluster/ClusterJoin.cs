using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// What a new subscription of this server waits for in a cluster: that the others know of it, the history that went by on other servers,
/// and what waits in the user's queue.
/// </summary>
internal static class ClusterJoin
{
    /// <summary>
    /// Begins it. <paramref name="missed"/> is what this server's own history has. Null when nothing is to be waited for; the task does
    /// not fail.
    /// </summary>
    public static Task? Start(
        ClusterNode cluster, Session session, Subscription subscription, List<OfflineMessage>? missed, long? lastEventId, bool first)
    {
        var topic = subscription.Topic;
        if (topic.User is not null)
        {
            if (!first && lastEventId is null)
            {
                return null;
            }

            return RunAsync(session, subscription, missed, () => QueueAsync(cluster, session, subscription, missed, lastEventId, first));
        }

        if (lastEventId is { } last)
        {
            return RunAsync(session, subscription, missed, () => ResumeAsync(cluster, session, subscription, missed, last));
        }

        // The second subscriber of a topic may come before the store has heard of the first.
        var joining = first ? cluster.Topics.JoinAsync(topic) : topic.Interest?.Chain;
        return joining is { IsCompleted: false } ? joining : null;
    }

    private static async Task RunAsync(Session session, Subscription subscription, List<OfflineMessage>? missed, Func<Task> join)
    {
        try
        {
            await join();
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(session.Node.Log, "subscribing", e);
            OfflineFlush.Deliver(session, subscription, missed, []);
        }
    }

    private static async Task QueueAsync(
        ClusterNode cluster, Session session, Subscription subscription, List<OfflineMessage>? missed, long? lastEventId, bool first)
    {
        // In this order: what is accepted before this server holds the queue is in the history, and what is accepted after it comes here.
        var topic = subscription.Topic;
        var waiting = first ? await OfflineFlush.TakeAsync(session.Node, topic) : [];
        if (lastEventId is { } last)
        {
            var kept = await ReadAsync(session.Node, () => cluster.Queues.ReadHistoryAsync(topic.User!, topic.Queue!, last, () => !subscription.Ended));
            if (kept is null)
            {
                await WithoutStoreAsync(cluster, session, subscription, Settled(missed), waiting, last);
                return;
            }

            missed = Union(missed, kept);
        }

        OfflineFlush.Deliver(session, subscription, missed, waiting);
    }

    // Live messages go on at once. A RECEIPT comes only when the client has been given all that it missed; an event stream has none.
    private static Task WithoutStoreAsync(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        IReadOnlyList<OfflineMessage> waiting,
        long lastEventId)
    {
        HashSet<long> had = [.. (missed ?? []).Select(m => m.Payload.Id), .. waiting.Select(m => m.Payload.Id)];
        OfflineFlush.Deliver(session, subscription, missed, waiting);
        var finishing = LateAsync();
        return session.Format == WireFormat.ServerSentEvents ? Task.CompletedTask : finishing;

        async Task LateAsync()
        {
            try
            {
                await LateResume.FinishAsync(cluster, session, subscription, lastEventId, had);
            }
            catch (Exception e)
            {
                ClusterLog.StoreFailed(session.Node.Log, "resuming", e);
            }
        }
    }

    private static async Task ResumeAsync(
        ClusterNode cluster, Session session, Subscription subscription, List<OfflineMessage>? missed, long lastEventId)
    {
        await cluster.Topics.JoinAsync(subscription.Topic);
        var kept = await ReadAsync(session.Node, () => cluster.TopicStore.ReadAsync(subscription.Topic.Key, lastEventId));
        OfflineFlush.Deliver(session, subscription, Union(missed, [.. (kept ?? []).Select(p => new OfflineMessage(p, 0))]), []);
    }

    // Null when the store cannot say.
    private static async Task<IReadOnlyList<T>?> ReadAsync<T>(Node node, Func<Task<IReadOnlyList<T>>> read)
    {
        try
        {
            return await read();
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed(); // Said by the store. It resumes with what this server has.
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "resuming", e);
        }

        return null;
    }

    // What is not settled is in the store, or will be, which cannot be told now that it went out. It comes when the store is back, as does
    // what was settled elsewhere.
    private static List<OfflineMessage>? Settled(List<OfflineMessage>? own)
    {
        own?.RemoveAll(message =>
        {
            var isOpen = message.Payload.Settlement == Settlement.Open;
            if (isOpen)
            {
                message.Payload.Release();
            }

            return isOpen;
        });
        return own;
    }

    // By id, each once; this server's own object of a message stays, since its outcome is noted there.
    private static List<OfflineMessage>? Union(List<OfflineMessage>? own, IReadOnlyList<OfflineMessage> shared)
    {
        if (shared.Count == 0)
        {
            return own;
        }

        var all = own ?? [];
        var ids = new HashSet<long>(all.Select(m => m.Payload.Id));
        foreach (var message in shared)
        {
            if (ids.Add(message.Payload.Id))
            {
                all.Add(message);
            }
            else
            {
                message.Payload.Release();
            }
        }

        all.Sort(static (a, b) => a.Payload.Id.CompareTo(b.Payload.Id));
        return all;
    }
}
