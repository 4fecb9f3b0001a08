using System.Collections.Concurrent;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>Who joins and who leaves: what this server tells the others, and what they tell it.</summary>
internal sealed partial class TopicRelay
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _joins = [];
    private long _request;

    /// <summary>Another server has a first subscriber, or none any more.</summary>
    public void OnNotice(in Notice notice)
    {
        var joined = notice.Kind == RelayKind.Joined;
        if (node.Topics.TryGet(notice.A, out var topic) && topic.Interest is { } interest)
        {
            lock (interest)
            {
                interest.Change(notice.Origin, joined);
            }
        }

        if (joined)
        {
            _ = AnswerJoinAsync(notice.Origin, notice.Number, notice.A.ToArray());
        }
    }

    /// <summary>A publisher has seen this server's join.</summary>
    public void OnJoinSeen(long request)
    {
        if (_joins.TryRemove(request, out var join))
        {
            join.TrySetResult();
        }
    }

    private async Task TellJoinedAsync(Topic topic)
    {
        try
        {
            var publishers = await store.JoinAsync(topic.Key);
            var seen = new List<Task>();
            foreach (var server in publishers)
            {
                if (server == cluster.ServerId)
                {
                    seen.Add(store.FlushAsync(topic.Key));
                }
                else if (cluster.IsAlive(server))
                {
                    var request = Interlocked.Increment(ref _request);
                    var join = _joins[request] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    if (cluster.TrySend(server, new Notice { Kind = RelayKind.Joined, Number = request, A = topic.Key }))
                    {
                        seen.Add(WaitAsync(request, join));
                    }
                    else
                    {
                        _joins.TryRemove(request, out _);
                    }
                }
            }

            await Task.WhenAll(seen);
            var interest = InterestOf(topic);
            lock (interest)
            {
                interest.SinceMs = interest is { IsJoined: true, SinceMs: 0 } ? node.Clock.UnixMs : interest.SinceMs;
            }
        }
        catch (StoreUnavailableException)
        {
            // It joins when the store is back (RenewAsync); until then it gets what is published here.
            node.Metrics.Relay.StepPostponed();
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "joining a topic", e);
        }
    }

    // Ends in time, too, when the other server is slow or has just died: the subscriber must not wait for it for ever.
    private async Task WaitAsync(long request, TaskCompletionSource seen)
    {
        var patience = TimeSpan.FromMilliseconds(node.Options.Cluster.CallTimeoutMs);
        await using (node.Clock.Provider.CreateTimer(_ => OnJoinSeen(request), null, patience, Timeout.InfiniteTimeSpan))
        {
            await seen.Task;
        }
    }

    private async Task TellLeftAsync(Topic topic, TopicInterest interest)
    {
        if (interest.IsJoined)
        {
            return; // Somebody came meanwhile.
        }

        try
        {
            foreach (var server in await store.LeaveAsync(topic.Key))
            {
                if (server != cluster.ServerId)
                {
                    cluster.TrySend(server, new Notice { Kind = RelayKind.Left, A = topic.Key });
                }
            }
        }
        catch (StoreUnavailableException)
        {
            // What is relayed for nothing is dropped here, and the next publisher that asks is told so again.
            lock (interest)
            {
                interest.IsJoined = true;
            }
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "leaving a topic", e);
        }
    }

    private async Task AnswerJoinAsync(int server, long request, byte[] topic)
    {
        try
        {
            await store.FlushAsync(topic);
        }
        catch (StoreUnavailableException)
        {
            // What it keeps is written later; the subscriber goes on without.
            node.Metrics.Relay.StepPostponed();
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "writing a topic's history", e);
        }

        cluster.TrySend(server, new Notice { Kind = RelayKind.JoinSeen, Number = request, A = topic });
    }
}
