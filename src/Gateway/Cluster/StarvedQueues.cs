using FastPush.Gateway.Sessions;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Users' queues of which this node was given a message that it had no memory for. The message waits in the store, and what comes behind it
/// waits there too, so that nothing overtakes it; once there is room the queue is taken again.
/// </summary>
internal sealed class StarvedQueues(Node node)
{
    // Look-ups in one round; the rest has its turn half a second later.
    private const int RoundMax = 256;

    // With the bytes that were missing, and a number that rises with each time.
    private readonly Dictionary<(string User, string Queue), (int Bytes, long Time)> _queues = [];
    private long _times;
    private volatile bool _hasAny;

    /// <summary>A message of the queue found no memory.</summary>
    public void Add(string user, string queue, int bytes)
    {
        lock (_queues)
        {
            _queues[(user, queue)] = (bytes, ++_times);
            _hasAny = true;
        }
    }

    /// <summary>Something older waits for memory, so a message of the queue has to wait behind it.</summary>
    public bool Contains(string user, string queue)
    {
        if (!_hasAny)
        {
            return false;
        }

        lock (_queues)
        {
            return _queues.ContainsKey((user, queue));
        }
    }

    /// <summary>Takes again what there is memory for by now. Called twice a second.</summary>
    public void TakeAgain()
    {
        if (!_hasAny)
        {
            return;
        }

        ((string User, string Queue) Key, (int Bytes, long Time) Starved)[] queues;
        lock (_queues)
        {
            queues = [.. _queues.Take(RoundMax).Select(pair => (pair.Key, pair.Value))];
        }

        foreach (var (key, starved) in queues)
        {
            if (node.Pool.TryRent(starved.Bytes) is not { } room)
            {
                continue;
            }

            // In this order: once a subscription catches up, live messages wait behind what it is given.
            room.Release();
            OfflineFlush.ToAnyLive(node, key.User, key.Queue);
            lock (_queues)
            {
                if (_queues.TryGetValue(key, out var now) && now.Time == starved.Time)
                {
                    _queues.Remove(key);
                }

                _hasAny = _queues.Count > 0;
            }
        }
    }
}
