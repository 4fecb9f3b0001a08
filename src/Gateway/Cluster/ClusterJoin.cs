using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
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
    /// Begins it. <paramref name="missed"/> is what this server's own history has, from <paramref name="resumption"/> on. The task does not
    /// fail; true means that some of what it resumes after are gone.
    /// </summary>
    public static ValueTask<bool> Start(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        long? lastEventId,
        Resumption resumption,
        bool first)
    {
        var topic = subscription.Topic;
        if (topic.User is not null)
        {
            return !first && lastEventId is null
                ? default
                : RunAsync(session, subscription, missed, lastEventId, () => QueueAsync(
                    cluster, session, subscription, missed, lastEventId, resumption, first));
        }

        if (lastEventId is { } last)
        {
            return RunAsync(
                session, subscription, missed, last, () => ResumeAsync(cluster, session, subscription, missed, last, resumption));
        }

        // The second subscriber of a topic may come before the store has heard of the first.
        var joining = first ? cluster.Topics.JoinAsync(topic) : topic.Interest?.Chain;
        return joining is { IsCompleted: false } ? JoinedAsync(joining) : default;
    }

    private static async ValueTask<bool> JoinedAsync(Task joining)
    {
        await joining;
        return false;
    }

    private static async ValueTask<bool> RunAsync(
        Session session, Subscription subscription, List<OfflineMessage>? missed, long? lastEventId, Func<Task<bool>> join)
    {
        try
        {
            return await join();
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(session.Node.Log, "subscribing", e);
            OfflineFlush.Deliver(session, subscription, missed, [], lastEventId);
            return lastEventId is not null;
        }
    }

    private static async Task<bool> QueueAsync(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        long? lastEventId,
        Resumption resumption,
        bool first)
    {
        // In this order: what is accepted before this server holds the queue is in the history, and what is accepted after it comes here.
        var topic = subscription.Topic;
        var since = cluster.Queues.HoldsSince(topic.User!, topic.Queue!);
        var waiting = first ? await OfflineFlush.TakeAsync(session.Node, topic) : [];
        if (lastEventId is not { } last)
        {
            OfflineFlush.Deliver(session, subscription, missed, waiting);
            return false;
        }

        var kept = await ReadAsync(
            session.Node, () => cluster.Queues.ReadHistoryAsync(topic.User!, topic.Queue!, last, () => !subscription.Ended));
        if (kept is not { } part)
        {
            return await WithoutStoreAsync(cluster, session, subscription, Settled(missed), waiting, last);
        }

        var isGap = !part.IsComplete && !HasAll(resumption, last, since ?? 0);
        OfflineFlush.Deliver(session, subscription, Union(missed, part.Messages), waiting, isGap ? last : null);
        return isGap;
    }

    // Live messages go on at once. A RECEIPT comes only when the client has been given all that it missed; an event stream has none.
    private static Task<bool> WithoutStoreAsync(
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
        return session.Format == WireFormat.ServerSentEvents ? Task.FromResult(false) : finishing;

        async Task<bool> LateAsync()
        {
            try
            {
                return await LateResume.FinishAsync(cluster, session, subscription, lastEventId, had);
            }
            catch (Exception e)
            {
                ClusterLog.StoreFailed(session.Node.Log, "resuming", e);
                return true;
            }
        }
    }

    private static async Task<bool> ResumeAsync(
        ClusterNode cluster,
        Session session,
        Subscription subscription,
        List<OfflineMessage>? missed,
        long lastEventId,
        Resumption resumption)
    {
        var topic = subscription.Topic;
        var since = topic.Interest?.SinceMs ?? 0;
        await cluster.Topics.JoinAsync(topic);
        var kept = await ReadAsync(session.Node, () => cluster.TopicStore.ReadAsync(topic.Key, lastEventId));
        var isGap = kept is not { } part || (!part.IsComplete && !HasAll(resumption, lastEventId, since));
        var shared = Unseen(kept?.Messages ?? [], resumption.Seen).Select(p => new OfflineMessage(p, 0));
        OfflineFlush.Deliver(session, subscription, Union(missed, [.. shared]), [], isGap ? lastEventId : null);
        return isGap;
    }

    // This server's own history has all since then, and tells that nothing is gone.
    private static bool HasAll(Resumption resumption, long lastEventId, long sinceMs) =>
        !resumption.IsGap && sinceMs != 0 && lastEventId >= Snowflake.FirstId(sinceMs);

    // Without what came here before the message after which the client resumes, though it has a greater id.
    private static IEnumerable<Payload> Unseen(IReadOnlyList<Payload> shared, HashSet<long>? seen)
    {
        foreach (var payload in shared)
        {
            if (seen is null || !seen.Contains(payload.Id))
            {
                yield return payload;
            }
            else
            {
                payload.Release();
            }
        }
    }

    // Null when the store cannot say.
    private static async Task<T?> ReadAsync<T>(Node node, Func<Task<T>> read)
        where T : struct
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
