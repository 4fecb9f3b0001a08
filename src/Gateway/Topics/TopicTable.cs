using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Topics;

/// <summary>All topics by their key. Look-ups take a span and no lock.</summary>
internal sealed class TopicTable
{
    private readonly ConcurrentDictionary<byte[], Topic> _topics;
    private readonly ConcurrentDictionary<byte[], Topic>.AlternateLookup<ReadOnlySpan<byte>> _bySpan;
    private readonly BytesComparer _comparer;

    /// <summary>Seeded per process, so that nobody can choose destinations that collide.</summary>
    public TopicTable()
        : this((ulong)Random.Shared.NextInt64())
    {
    }

    /// <summary>For tests that need the same order again.</summary>
    public TopicTable(ulong seed)
    {
        _comparer = new BytesComparer(seed);
        _topics = new ConcurrentDictionary<byte[], Topic>(-1, 64, _comparer);
        _bySpan = _topics.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>What is remembered of those that left.</summary>
    public ForgottenTopics Forgotten { get; } = new();

    /// <summary>Topics that exist now.</summary>
    public int Count => _topics.Count;

    /// <summary>All of them, while others come and go.</summary>
    public IEnumerable<Topic> All => _topics.Select(pair => pair.Value);

    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out Topic? topic) => _bySpan.TryGetValue(key, out topic);

    /// <summary>The topic of a key, made when it is new. The caller checks <see cref="Topic.Retired"/> under the topic's lock.</summary>
    public Topic GetOrAdd(ReadOnlySpan<byte> key)
    {
        if (_bySpan.TryGetValue(key, out var topic))
        {
            return topic;
        }

        string? user = null;
        string? queue = null;
        if (Destinations.TryParse(key, out var kind, out var userName, out var name) && kind == DestinationKind.UserQueue)
        {
            user = Encoding.UTF8.GetString(userName);
            queue = Encoding.UTF8.GetString(name);
        }

        var past = Forgotten.Of(_comparer.Hash(key));
        return _topics.GetOrAdd(
            key.ToArray(), static (k, names) => new Topic(k, names.user, names.queue, names.past), (user, queue, past));
    }

    /// <summary>A message will not come any more, to nobody: whoever resumes from before it is told.</summary>
    public void Lost(ReadOnlySpan<byte> key, Payload payload)
    {
        if (TryGet(key, out var topic))
        {
            lock (topic)
            {
                topic.Gone(payload);
                if (!topic.Retired)
                {
                    return;
                }
            }
        }

        var hash = _comparer.Hash(key);
        Forgotten.Add(hash, Forgotten.Of(hash).With(payload.Id, payload.PublishedId));
    }

    /// <summary>
    /// Takes a subscription out of its topic. With the last one of a user's queue the node holds the queue no longer, so that the fleet
    /// does not send it what the user is not here for.
    /// </summary>
    public static void Leave(Subscription subscription)
    {
        var topic = subscription.Topic;
        lock (topic)
        {
            // Inside the lock: whoever subscribes next takes the queue after it was left.
            if (topic.Subscribers.Remove(subscription) && subscription.Keeps)
            {
                topic.KeeperLeftAt = topic.Position;
            }

            if (topic.User is { } user && topic.Subscribers.Count == 0)
            {
                subscription.Session.Node.Cluster?.Queues.Leave(user, topic.Queue!);
            }
        }
    }

    /// <summary>Drops history older than <paramref name="unixMs"/>, and topics with neither history nor subscribers.</summary>
    public void Sweep(long unixMs)
    {
        foreach (var (_, topic) in _topics)
        {
            lock (topic)
            {
                topic.History?.Trim(unixMs, topic);
                if (topic.History is { Count: 0 })
                {
                    topic.History = null;
                }

                RetireIfIdle(topic);
            }
        }
    }

    // Under the topic's lock. The pair, since its key may have a new topic already.
    private void RetireIfIdle(Topic topic)
    {
        if (!topic.Retired
            && topic.History is null
            && topic.Subscribers.Count == 0
            && topic.Interest is not { IsBusy: true })
        {
            topic.Retired = true;
            if (topic.Past.LastId != 0)
            {
                Forgotten.Add(_comparer.Hash(topic.Key), topic.Past);
            }

            _topics.TryRemove(new KeyValuePair<byte[], Topic>(topic.Key, topic));
        }
    }

    private sealed class BytesComparer(ulong seed) : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(ReadOnlySpan<byte> bytes)
        {
            var hash = Hash(bytes);
            return (int)(hash ^ (hash >> 32));
        }

        // Folded multiply over 8-byte words (the wyhash construction), the last word overlapping.
        public ulong Hash(ReadOnlySpan<byte> bytes)
        {
            var hash = seed ^ (ulong)bytes.Length;
            if (bytes.Length < 8)
            {
                ulong word = 0;
                foreach (var b in bytes)
                {
                    word = (word << 8) | b;
                }

                return Mix(hash, word);
            }

            for (var i = 0; i + 8 < bytes.Length; i += 8)
            {
                hash = Mix(hash, System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]));
            }

            return Mix(hash, System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]));
        }

        private static ulong Mix(ulong hash, ulong word)
        {
            var high = Math.BigMul(hash ^ 0x9E3779B97F4A7C15, word ^ 0xE7037ED1A0B428DB, out var low);
            return high ^ low;
        }
    }
}
