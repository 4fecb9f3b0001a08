namespace FastPush.Cluster.Tests.Chaos;

/// <summary>One connection of a user's client, from its beginning to its end.</summary>
/// <param name="user">Whose.</param>
/// <param name="name">Says which, for people.</param>
/// <param name="isStream">Server-sent events: nothing is acknowledged, and nothing carries a mark.</param>
/// <param name="resumedFrom">It asked for all messages with a greater id again; null = for none.</param>
/// <param name="openedAt">Before that, the user's last connection was over.</param>
internal sealed class Stay(string user, string name, bool isStream, long? resumedFrom, TimeSpan openedAt)
{
    public string User => user;

    public string Name => name;

    public bool IsStream => isStream;

    public long? ResumedFrom => resumedFrom;

    public TimeSpan OpenedAt => openedAt;

    public TimeSpan EndedAt { get; set; } = TimeSpan.MaxValue;

    /// <summary>What has come on it.</summary>
    public HashSet<long> Ids { get; } = [];

    /// <summary>The last message of each stream that came unmarked.</summary>
    public Dictionary<string, int> LastOfStream { get; } = [];
}
