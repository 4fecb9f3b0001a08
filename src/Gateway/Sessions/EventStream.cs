using FastPush.Protocol.Sse;

namespace FastPush.Gateway.Sessions;

/// <summary>The subscriptions of an event stream: all are made while nothing is sent, then what each missed goes out.</summary>
internal static class EventStream
{
    /// <summary>
    /// Subscribes the session, which must be corked, to these destinations (keys of topics, each once), resuming at the position if there
    /// is one. Returns what has to end before it is uncorked.
    /// </summary>
    public static List<Task> Subscribe(Session session, IReadOnlyList<byte[]> keys, EventPosition? position)
    {
        session.Position = keys.Count > 1 ? new StreamPosition(session.Node, keys.Count) : null;
        var hashes = keys.GroupBy(key => EventPosition.Hash(key)).ToDictionary(group => group.Key, group => group.Count());
        var joining = new List<Task>();
        foreach (var key in keys)
        {
            var hash = EventPosition.Hash(key);
            var wish = new SubscriptionWish(AckMode.Auto, Policy(key), 0, position?.LastIdOf(hash, isAlone: hashes[hash] == 1));
            var joined = Subscriber.Add(session, key, SubscriptionHeads.WithoutId, wish);
            if (!joined.IsCompletedSuccessfully)
            {
                joining.Add(joined.AsTask());
            }
        }

        return joining;
    }

    private static OverflowPolicy Policy(byte[] key) =>
        key.AsSpan().StartsWith("/topic/"u8) ? OverflowPolicy.Close : OverflowPolicy.Spill;
}
