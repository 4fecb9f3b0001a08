using FastPush.Gateway.Cluster;
using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>Settles what clients acknowledge, repeats what they do not, and gives up after the last retry.</summary>
internal static class Acknowledgements
{
    /// <summary>
    /// Acknowledges so many deliveries from <paramref name="first"/> on, or in client mode all up to the last of them (STOMP 1.2, "ACK").
    /// In a cluster <paramref name="acceptance"/> is told when the store knows of it.
    /// </summary>
    /// <returns>True when there is something to send; the caller flushes.</returns>
    public static bool Ack(
        Session session, Subscription subscription, long first, int count, out int acked, IAcceptance? acceptance = null)
    {
        acked = 0;
        lock (session)
        {
            if (subscription.Window is not { } window)
            {
                return false;
            }

            var before = window.Count;
            if (subscription.AckMode == AckMode.ClientIndividual)
            {
                for (var i = 0; i < count; i++)
                {
                    if (window.TryRemove(first + i, out var payload, out _))
                    {
                        Finish(session, payload, acceptance);
                    }
                }
            }
            else
            {
                while (window.TryRemoveThrough(first + count - 1, out var payload, out _))
                {
                    Finish(session, payload, acceptance);
                }
            }

            window.Settle();
            acked = before - window.Count;
            session.Node.Metrics.Acked(acked);

            // Acknowledged a second time, while the store may not know of the first.
            if (acked == 0 && acceptance is not null && subscription.Topic.User is { } user)
            {
                session.Node.Cluster?.AckedAgain(user, acceptance);
            }

            return Resume(session, subscription);
        }
    }

    /// <summary>Places of the window that <see cref="Nack"/> has to look at.</summary>
    public static long NackLooks(Session session, Subscription subscription, long sequence)
    {
        lock (session)
        {
            return subscription is { AckMode: AckMode.Client, Window: { } window }
                ? Math.Max(0, Math.Min(sequence, window.Next - 1) - window.First)
                : 0;
        }
    }

    /// <summary>
    /// The client could not use the delivery (in client mode: all up to it): it is repeated, or given up after the last retry.
    /// </summary>
    /// <returns>True when there is something to send; the caller flushes.</returns>
    public static bool Nack(Session session, Subscription subscription, long sequence)
    {
        lock (session)
        {
            if (subscription.Window is not { } window)
            {
                return false;
            }

            if (subscription.AckMode == AckMode.ClientIndividual)
            {
                Repeat(session, window, sequence);
            }
            else
            {
                for (var earlier = window.First; earlier <= sequence && earlier < window.Next; earlier++)
                {
                    Repeat(session, window, earlier);
                }
            }

            return Resume(session, subscription);
        }
    }

    /// <summary>Repeats what was sent before <paramref name="sentBeforeMs"/> and is still unacknowledged. The caller flushes.</summary>
    /// <returns>True when there is something to send.</returns>
    public static bool RepeatDue(Session session, long sentBeforeMs)
    {
        var any = false;
        lock (session)
        {
            foreach (var subscription in session.Subscriptions.Items)
            {
                if (subscription.Window is not { } window)
                {
                    continue;
                }

                if (window.Count == 0)
                {
                    window.Shrink();
                    continue;
                }

                for (var due = window.FindDue(sentBeforeMs); due != 0; due = window.FindDue(sentBeforeMs, due + 1))
                {
                    Repeat(session, window, due);
                    any = true;
                }

                if (any)
                {
                    Resume(session, subscription);
                }
            }
        }

        return any;
    }

    private static void Finish(Session session, Payload payload, IAcceptance? acceptance)
    {
        session.Node.Outcomes.Acked(payload, acceptance);
        BacklogPolicy.Drop(payload);
    }

    private static void Repeat(Session session, AckWindow window, long sequence)
    {
        var node = session.Node;
        if (!window.Contains(sequence))
        {
            return;
        }

        if (window.Attempts(sequence) < node.Options.Ack.Retries)
        {
            if (window.MarkRepeat(sequence))
            {
                node.Metrics.Redelivered();
            }
        }
        else if (window.TryRemove(sequence, out var payload, out _))
        {
            window.Settle();
            node.Outcomes.Dead(payload, FailureKind.Unacknowledged);
            BacklogPolicy.Drop(payload);
        }
    }

    private static bool Resume(Session session, Subscription subscription)
    {
        var hasMore = subscription.Backlog.Count > 0 || subscription.Window is { Repeats: > 0 };
        if (hasMore)
        {
            session.Outbox.MarkReady(subscription);
        }

        return hasMore;
    }
}
