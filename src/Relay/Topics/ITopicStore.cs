using FastPush.Protocol.Buffers;
using FastPush.Relay.Users;

namespace FastPush.Relay.Topics;

/// <summary>
/// What servers share about topics: who has live subscribers, who publishes, and the last messages for clients that resume.
/// All calls that return a task throw <see cref="StoreUnavailableException"/>.
/// </summary>
public interface ITopicStore
{
    /// <summary>This server publishes: from now on others tell it of joins and leaves. Returns the servers with live subscribers.</summary>
    Task<int[]> WatchAsync(byte[] topic);

    /// <summary>This server has live subscribers. Returns the servers that publish and have to be told.</summary>
    Task<int[]> JoinAsync(byte[] topic);

    /// <summary>This server has no subscribers any more. Returns the servers that publish and have to be told.</summary>
    Task<int[]> LeaveAsync(byte[] topic);

    /// <summary>This server publishes no more: nobody tells it any longer. What names it is gone from the store.</summary>
    Task ForgetAsync(byte[] topic);

    /// <summary>Keeps a message for clients that resume; takes a reference of its own. Written in the next batch.</summary>
    void Append(byte[] topic, Payload message);

    /// <summary>Writes now what <see cref="Append"/> was given for this topic.</summary>
    Task FlushAsync(byte[] topic);

    /// <summary>Messages with a greater id than <paramref name="afterId"/>, ascending; the caller owns the references.</summary>
    Task<TopicPart> ReadAsync(byte[] topic, long afterId);
}

/// <summary>What a topic's history has after some message.</summary>
/// <param name="Messages">The messages.</param>
/// <param name="IsComplete">Nothing that was written after that message is missing.</param>
public readonly record struct TopicPart(IReadOnlyList<Payload> Messages, bool IsComplete);
