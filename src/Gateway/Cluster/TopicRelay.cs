using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Topics over several servers: messages go once to each server with live subscribers. Who that is stands in the store, is cached with
/// each topic, and is changed by notices over the relay; after anything that may have lost notices all caches are void.
/// </summary>
internal sealed partial class TopicRelay(Node node, ClusterNode cluster, ITopicStore store)
{
    private const int AskAgainMs = 1_000;

    private int _generation;

    /// <summary>Sends a topic's message to the others who want it, and keeps it for those who resume. The caller keeps its
    /// reference.</summary>
    public void Forward(Topic topic, Payload payload)
    {
        var interest = InterestOf(topic);
        lock (interest)
        {
            if (interest.Servers is { } servers && interest.Generation == Volatile.Read(ref _generation))
            {
                Send(topic, servers, payload);
            }
            else if (interest.IsAsking || node.Clock.NowMs >= interest.AskNotBeforeMs)
            {
                payload.AddRef();
                (interest.Waiting ??= []).Add(payload);
                if (!interest.IsAsking)
                {
                    interest.IsAsking = true;
                    _ = AskAsync(topic, interest);
                }
            }
            else
            {
                node.Metrics.Relay.Dropped();
            }
        }

        if (node.Options.History.Messages > 0)
        {
            store.Append(topic.Key, payload);
        }
    }

    /// <summary>
    /// Makes this server known as interested, for a first local subscription or a resuming one. Completes when the publishers know it and
    /// have written what they keep for those who resume.
    /// </summary>
    public Task JoinAsync(Topic topic)
    {
        var interest = InterestOf(topic);
        lock (interest)
        {
            interest.IsJoined = true;
            interest.RenewAtMs = NextRenewalMs(node.Clock.NowMs);
            return interest.Chain = After(interest.Chain, () => TellJoinedAsync(topic));
        }
    }

    /// <summary>
    /// Leaves topics that nobody here listens to any more, forgets those that are over, and renews what the store would forget by itself.
    /// </summary>
    public void Sweep()
    {
        var nowMs = node.Clock.NowMs;
        foreach (var topic in node.Topics.All)
        {
            if (topic.User is null && topic.Interest is { } interest)
            {
                lock (interest)
                {
                    Sweep(topic, interest, nowMs);
                }
            }
        }
    }

    /// <summary>The relay or the store lost something: asks anew about every topic, and joins anew where somebody listens.</summary>
    public async Task RenewAsync()
    {
        Interlocked.Increment(ref _generation);
        var pending = new List<Task>();
        foreach (var topic in node.Topics.All)
        {
            if (topic.Interest is { } interest)
            {
                lock (interest)
                {
                    interest.SinceMs = 0;
                }
            }

            if (topic.User is null && topic.Subscribers.Count > 0)
            {
                pending.Add(JoinAsync(topic));
                if (pending.Count == 256)
                {
                    await Task.WhenAll(pending);
                    pending.Clear();
                }
            }
        }

        await Task.WhenAll(pending);
    }

    private void Sweep(Topic topic, TopicInterest interest, long nowMs)
    {
        var isDue = interest.RenewAtMs != 0 && nowMs >= interest.RenewAtMs;
        if (interest.IsJoined && topic.Subscribers.Count == 0)
        {
            interest.IsJoined = false;
            interest.SinceMs = 0;
            interest.Chain = After(interest.Chain, () => TellLeftAsync(topic, interest));
        }
        else if (interest.IsJoined && isDue)
        {
            interest.RenewAtMs = NextRenewalMs(nowMs);
            interest.Chain = After(interest.Chain, () => TellJoinedAsync(topic));
        }

        // A look-up of a message that comes now follows this call; one that is under way, or a join, is let be.
        if (interest.Servers is not null && !interest.IsAsking && interest.Chain.IsCompleted)
        {
            if (!interest.IsJoined && topic.Subscribers.Count == 0 && topic.History is null)
            {
                interest.Servers = null;
                interest.Chain = ForgetAsync(topic);
            }
            else if (isDue)
            {
                interest.Servers = null; // The next message asks, which renews it.
            }
        }
    }

    // At a third of its life at the latest, and not all at once.
    private static long NextRenewalMs(long nowMs) =>
        nowMs + RedisTopicStore.InterestTtlMs / 6 + Random.Shared.NextInt64(RedisTopicStore.InterestTtlMs / 6);

    private async Task ForgetAsync(Topic topic)
    {
        try
        {
            await store.ForgetAsync(topic.Key);
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed(); // The key ends by itself.
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "forgetting a topic", e);
        }
    }

    private static TopicInterest InterestOf(Topic topic)
    {
        if (topic.Interest is { } known)
        {
            return known;
        }

        lock (topic)
        {
            return topic.Interest ??= new TopicInterest();
        }
    }

    private static async Task After(Task before, Func<Task> then)
    {
        await before;
        await then();
    }

    // Under the interest's lock, so that what waited goes before what comes.
    private void Send(Topic topic, int[] servers, Payload payload)
    {
        foreach (var server in servers)
        {
            if (server != cluster.ServerId && !cluster.TrySend(server, topic.Key, payload))
            {
                node.Metrics.Relay.Dropped();
            }
        }
    }

    private async Task AskAsync(Topic topic, TopicInterest interest)
    {
        var generation = Volatile.Read(ref _generation);
        int[]? servers = null;
        try
        {
            servers = await store.WatchAsync(topic.Key);
        }
        catch (StoreUnavailableException)
        {
            // Said once by the store. The messages have gone to all who are here.
            node.Metrics.Relay.StepPostponed();
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "asking for a topic's servers", e);
        }

        lock (interest)
        {
            if (servers is null)
            {
                interest.AskNotBeforeMs = node.Clock.NowMs + AskAgainMs;
                interest.IsAsking = false;
            }
            else
            {
                interest.Answer(servers, generation);
                interest.RenewAtMs = NextRenewalMs(node.Clock.NowMs);
            }

            foreach (var payload in interest.Waiting ?? [])
            {
                if (servers is null)
                {
                    node.Metrics.Relay.Dropped();
                }
                else
                {
                    Send(topic, interest.Servers!, payload);
                }

                payload.Release();
            }

            interest.Waiting = null;
        }
    }
}
