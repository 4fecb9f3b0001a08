using FastPush.Gateway.Cluster;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>
/// The one entry for messages: gives each its place in its topic and hands it to this thread's batch, or to the one that delivers what is
/// before it.
/// </summary>
internal sealed class Fanout(Node node)
{
    /// <summary>
    /// Accepts a message for a destination. Takes over the caller's reference. It is delivered when the caller completes
    /// <see cref="FanoutBatch.Current"/>; in a cluster a message to a user is stored first, and <paramref name="acceptance"/> is told.
    /// </summary>
    public void Publish(ReadOnlySpan<byte> key, Payload payload, IAcceptance? acceptance = null)
    {
        node.Metrics.Published();
        if (node.Cluster is not { } cluster)
        {
            Deliver(key, payload);
            return;
        }

        var topic = node.Topics.GetOrAdd(key);
        if (payload.User is not null)
        {
            acceptance?.Expect();
            node.Outcomes.Accepted(payload);
            cluster.Users.Submit(topic, payload, acceptance);
            return;
        }

        cluster.Topics.Forward(topic, payload);
        Deliver(key, payload);
    }

    /// <summary>Hands a message to those who are here. Takes over the caller's reference.</summary>
    public void Deliver(ReadOnlySpan<byte> key, Payload payload)
    {
        var historyMax = node.Options.History.Messages;
        while (true)
        {
            // A user's message always needs its topic; another one only when somebody may ever read it.
            if (historyMax == 0 && payload.User is null && !node.Topics.TryGet(key, out _))
            {
                payload.Release();
                return;
            }

            var topic = node.Topics.GetOrAdd(key);
            if (TryPublish(topic, payload, historyMax))
            {
                return;
            }
        }
    }

    private bool TryPublish(Topic topic, Payload payload, int historyMax)
    {
        node.Histories.Trim(); // Before the message comes in: nobody's lock is held here.

        if (payload.User is not null && node.Cluster is null)
        {
            node.Outcomes.Accepted(payload);
        }

        var batch = FanoutBatch.Current;
        long position;
        lock (topic)
        {
            if (topic.Retired)
            {
                return false;
            }

            position = ++topic.Position;
            if (historyMax > 0)
            {
                (topic.History ??= new History(node.Histories.Share)).Add(payload, historyMax, topic);
                node.Histories.Note(topic, payload.TimestampMs);
            }

            if (topic.Subscribers.Count == 0)
            {
                // Under the lock, so that a subscriber who comes now finds it in the queue.
                if (topic.User is not null)
                {
                    node.Outcomes.Queue(payload, attempts: 0);
                }
                else
                {
                    payload.Discharge(); // Only the history keeps it.
                    payload.Release();
                }

                return true;
            }

            // Under the lock too: whoever joins now may get it from the history, and must not be its only holder.
            if (topic.User is not null)
            {
                payload.Hold();
            }

            if (!topic.TryDeliverBy(batch))
            {
                topic.Leave(batch, payload, position);
                return true;
            }
        }

        batch.Add(topic, payload, position);
        return true;
    }
}
