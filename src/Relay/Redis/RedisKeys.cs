using System.Text;

namespace FastPush.Relay.Redis;

/// <summary>
/// Names of all keys (P3). Ids stand in braces, the hash tag of Redis Cluster, so that all keys of one user share a slot.
/// </summary>
public static class RedisKeys
{
    /// <summary>Session ids of a user, or the facts of a session: session ids hold a slash, which user ids cannot.</summary>
    public static string Session(string id) => $"push:session:{{{Tag(id)}}}";

    /// <summary>"online", or Unix ms of leaving.</summary>
    public static string Presence(string user) => $"push:presence:{{{Tag(user)}}}";

    /// <summary>Hash: server id to the epoch of the process that has subscriptions of the queue.</summary>
    public static string Queues(string user, string queue) => $"push:queues:{{{Tag(user)}}}:{queue}";

    /// <summary>List of ids that no server has, in order.</summary>
    public static string Offline(string user, string queue) => $"push:offline:{{{Tag(user)}}}:{queue}";

    /// <summary>Bytes of the entries in <see cref="Offline"/>.</summary>
    public static string OfflineBytes(string user, string queue) => $"push:offline-bytes:{{{Tag(user)}}}:{queue}";

    /// <summary>Hash: id to the owners of the message.</summary>
    public static string InFlight(string user, string queue) => $"{InFlightPrefix}{{{Tag(user)}}}:{queue}";

    /// <summary>Hash: id to the entry of a message that waits or is in flight, and <c>a</c>id to its attempts.</summary>
    public static string Entries(string user, string queue) => $"push:entries:{{{Tag(user)}}}:{queue}";

    /// <summary>Sorted set: ids of a user's queue, of which the last ones are in <see cref="UserHistoryEntries"/>.</summary>
    public static string UserHistory(string user, string queue) => $"push:history:{{{Tag(user)}}}:{queue}";

    /// <summary>Hash: id to the entry of one of the queue's last messages.</summary>
    public static string UserHistoryEntries(string user, string queue) => $"push:history-entries:{{{Tag(user)}}}:{queue}";

    /// <summary>Hash: who listens to a topic and who publishes to it.</summary>
    public static string Interest(ReadOnlySpan<byte> topic) => $"push:interest:{{{Tag(Encoding.UTF8.GetString(topic))}}}";

    /// <summary>Stream of a topic's last messages. Topics begin with a slash, which user ids cannot hold.</summary>
    public static string TopicHistory(ReadOnlySpan<byte> topic) => $"push:history:{{{Tag(Encoding.UTF8.GetString(topic))}}}";

    /// <summary>The lease of a server id.</summary>
    public static string Server(int id) => $"push:server:{id}";

    /// <summary>Sorted set of the living: token by the time of its last heart-beat.</summary>
    public const string Servers = "push:servers";

    /// <summary>When servers first met in this Redis, Unix ms of its clock.</summary>
    public const string Fleet = "push:fleet";

    /// <summary>Messages in all offline queues, about.</summary>
    public const string OfflineCount = "push:offline-count";

    /// <summary>What <see cref="InFlight"/> begins with, for a scan.</summary>
    public const string InFlightPrefix = "push:inflight:";

    /// <summary>Whose key that is, of those that begin with <see cref="InFlightPrefix"/>, and of which queue.</summary>
    public static (string User, string Queue) OfInFlight(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var end = key.IndexOf('}', InFlightPrefix.Length);
        var user = key[(InFlightPrefix.Length + 1)..end]
            .Replace("%7D", "}", StringComparison.Ordinal)
            .Replace("%7B", "{", StringComparison.Ordinal)
            .Replace("%25", "%", StringComparison.Ordinal);
        return (user, key[(end + 2)..]);
    }

    /// <summary>Token bucket of a user over all servers.</summary>
    public static string RateLimit(string user) => $"push:ratelimit:{{{Tag(user)}}}";

    /// <summary>A publish by its idempotency key, or by its message id.</summary>
    public static string Dedup(string id) => $"push:dedup:{{{Tag(id)}}}";

    // A hash tag ends at the first brace, so braces inside an id are escaped, and the escape too.
    private static string Tag(string id) =>
        id.AsSpan().IndexOfAny("%{}") < 0
            ? id
            : id.Replace("%", "%25", StringComparison.Ordinal)
                .Replace("{", "%7B", StringComparison.Ordinal)
                .Replace("}", "%7D", StringComparison.Ordinal);
}
