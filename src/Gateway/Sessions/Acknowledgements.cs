using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>Settles what clients acknowledge, repeats what they do not, and gives up after the last retry.</summary>
internal static class Acknowledgements
{
    /// <summary>Acknowledges one delivery, or in client mode all up to it (STOMP 1.2, "ACK").</summary>
    public static void Ack(Session session, Subscription subscription, long sequence)
    {
        lock (session)
        {
            if (subscription.Window is not { } window)
            {
                return;
            }

            if (subscription.AckMode == AckMode.ClientIndividual)
            {
                if (window.TryRemove(sequence, out var payload, out _))
                {
                    Finish(session, payload);
                }
            }
            else
            {
                while (window.TryRemoveThrough(sequence, out var payload, out _))
                {
                    Finish(session, payload);
                }
            }

            Resume(session, subscription);
        }
    }

    /// <summary>
    /// The client could not use the delivery (in client mode: all up to it): it is repeated, or given up after the last retry.
    /// </summary>
    public static void Nack(Session session, Subscription subscription, long sequence)
    {
        lock (session)
        {
            if (subscription.Window is not { } window)
            {
                return;
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

            Resume(session, subscription);
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
                if (subscription.Window is not { Count: > 0 } window)
                {
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

    private static void Finish(Session session, Payload payload)
    {
        session.Node.Outcomes.Acked(payload);
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
            node.Outcomes.Dead(payload, FailureKind.Unacknowledged);
            BacklogPolicy.Drop(payload);
        }
    }

    private static void Resume(Session session, Subscription subscription)
    {
        if (subscription.Backlog.Count > 0 || subscription.Window is { Repeats: > 0 })
        {
            session.Outbox.MarkReady(subscription);
        }
    }
}
