namespace FastPush.Relay.Topics;

/// <summary>What is kept of topics.</summary>
/// <param name="HistoryMessages">Messages of a topic for clients that resume; 0 = none.</param>
/// <param name="HistoryAgeSeconds">How long.</param>
/// <param name="WriteBehindMs">From a message to its place in the history, so that many share a command.</param>
/// <param name="WriteBehindMaxMs">The same at most, when many topics have messages.</param>
/// <param name="WaitingBytesMax">What may wait to be written; beyond it messages get no place in the history.</param>
public sealed record TopicStoreOptions(
    int HistoryMessages, int HistoryAgeSeconds, int WriteBehindMs, int WriteBehindMaxMs, long WaitingBytesMax);
