using System.Text;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>What a client asks of a subscription; <paramref name="LastEventId"/> null = live messages only.</summary>
internal readonly record struct SubscriptionWish(AckMode AckMode, OverflowPolicy Overflow, int Prefetch, long? LastEventId);

/// <summary>Joins sessions to topics; the same for STOMP and SSE.</summary>
internal static class Subscriber
{
    /// <summary>
    /// Adds a subscription to a session and its topic, and starts what comes before its live messages. In a cluster the task ends when the
    /// other servers know of it. It never fails; true means that some of what it resumes after are gone.
    /// </summary>
    public static ValueTask<bool> Add(Session session, ReadOnlySpan<byte> key, byte[] head, SubscriptionWish wish)
    {
        StreamPlace? place = null;
        while (true)
        {
            var topic = session.Node.Topics.GetOrAdd(key);
            var subscription = new Subscription(
                session, topic, session.Subscriptions.NextNumber(), head, wish.AckMode, wish.Overflow)
            {
                Window = wish.AckMode == AckMode.Auto
                    ? null
                    : new AckWindow(
                        wish.Prefetch,
                        session.Share,
                        session.Node.Options.Limits.WindowBytes,
                        findsIds: session.Format is WireFormat.Stomp10 or WireFormat.Stomp11),
            };
            lock (session)
            {
                if (session.State != SessionState.Open)
                {
                    return default;
                }

                subscription.Place = place ??= session.Position?.Add(key);
                session.Subscriptions.Add(subscription);
                session.Share.Add(subscription.Footprint);
                session.HasWindows |= subscription.Window is not null;
            }

            if (OfflineFlush.Join(session, subscription, wish.LastEventId, out var joining))
            {
                LeaveIfEnded(subscription);
                return joining;
            }

            // The table let go of the topic in between; its key has a new one by now.
            lock (session)
            {
                session.Subscriptions.Remove(subscription);
                session.Share.Remove(subscription.Footprint);
            }
        }
    }

    /// <summary>The session's user may have so many subscriptions more, by the user's share of memory.</summary>
    public static bool HasRoom(MemoryShare share, int subscriptions = 1) =>
        !share.IsFullFor((long)subscriptions * Subscription.BytesAbout, isSmall: true);

    /// <summary>Writes the key of a user's own queue and returns its length.</summary>
    public static int OwnQueueKey(string userId, ReadOnlySpan<byte> name, Span<byte> key)
    {
        "/user/"u8.CopyTo(key);
        var at = 6 + Encoding.UTF8.GetBytes(userId, key[6..]);
        "/queue/"u8.CopyTo(key[at..]);
        at += 7;
        name.CopyTo(key[at..]);
        return at + name.Length;
    }

    // The session may have ended between its own list and the topic's: then nobody else will take it out of the topic.
    private static void LeaveIfEnded(Subscription subscription)
    {
        if (!subscription.Ended)
        {
            return;
        }

        TopicTable.Leave(subscription);
    }
}
