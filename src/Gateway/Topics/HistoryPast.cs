namespace FastPush.Gateway.Topics;

/// <summary>
/// What is known of the messages that left a topic's history, in 16 bytes: enough to say whether a client that resumes has missed one of
/// them. Under the topic's lock.
/// </summary>
/// <param name="LastId">The last one that left: whoever has seen it misses nothing of them. 0 = none is known.</param>
/// <param name="NewestId">All that left were published with this id or before.</param>
internal readonly record struct HistoryPast(long LastId, long NewestId)
{
    /// <summary>One more has left, which was published with this id or later under another.</summary>
    public HistoryPast With(long id, long publishedId) => new(id, Math.Max(publishedId, NewestId));
}

/// <summary>Where a client that resumes goes on.</summary>
/// <param name="Index">The first message of the history that it gets.</param>
/// <param name="IsGap">Some that it has not seen are gone, or that cannot be told.</param>
internal readonly record struct Resumption(int Index, bool IsGap)
{
    /// <summary>
    /// In a cluster, ids of what came here before and is newer than the one that it resumes after; null when there is none.
    /// </summary>
    public HashSet<long>? Seen { get; init; }
}
