using FastPush.Gateway.Telemetry;

namespace FastPush.Gateway.Topics;

/// <summary>
/// Who delivers: a topic's messages go out in the order of their positions, from whatever threads they come. The batch that has the oldest
/// undelivered message delivers the topic; what other threads publish meanwhile waits behind it (<see cref="Topic.TryDeliverBy"/>).
/// </summary>
internal sealed partial class FanoutBatch
{
    // So much of what others left behind is delivered at a time, and so often in one batch: this thread has work of its own.
    private const int BehindMax = 1024;
    private const int BehindTimesMax = 4;

    // A publisher who is faster than the thread that delivers waits for it: as long as it would take itself, or a stall is logged.
    private const int WaitMs = 50;

    private Topic[] _owned = new Topic[16];
    private int _ownedCount;
    private int _ended;
    private int _behindTimes;
    private Topic? _leftAt;
    private int _leftCount;

    /// <summary>This thread delivers the topic, from here to the end of the batch. Under the topic's lock.</summary>
    public void Own(Topic topic)
    {
        if (_ownedCount == _owned.Length)
        {
            Array.Resize(ref _owned, _ownedCount * 2);
        }

        _owned[_ownedCount++] = topic;
    }

    /// <summary>Another thread delivers what this one published to the topic.</summary>
    public void LeftAt(Topic topic)
    {
        _leftAt = topic;
        _leftCount++;
    }

    // What others left behind this batch's own messages, as further runs. False when there is nothing more to be done.
    private bool TakeBehind(Node node)
    {
        while (_ended < _ownedCount)
        {
            var topic = _owned[_ended];
            lock (topic)
            {
                var first = _entryCount;
                while (_behindTimes < BehindTimesMax
                    && _entryCount - first < BehindMax
                    && topic.TryTakeBehind(out var payload, out var position))
                {
                    Add(topic, payload, position);
                }

                if (_entryCount > first)
                {
                    _behindTimes++;
                    return true;
                }
            }

            EndDelivery(topic, node);
            _ended++;
        }

        return false;
    }

    // All of them, also after a fault of ours: nobody else may wait for this batch.
    private void EndDeliveries(Node node)
    {
        for (; _ended < _ownedCount; _ended++)
        {
            EndDelivery(_owned[_ended], node);
        }
    }

    private static void EndDelivery(Topic topic, Node node)
    {
        if (topic.EndDelivery())
        {
            DeliverElsewhere(topic, node);
        }
    }

    // Whoever publishes to it next goes on; if nobody does, the thread pool.
    private static void DeliverElsewhere(Topic topic, Node node) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static work =>
            {
                try
                {
                    lock (work.topic)
                    {
                        work.topic.TryDeliverBy(Current);
                    }

                    Current.Complete(work.node);
                }
                catch (Exception e)
                {
                    GatewayLog.ConnectionFailed(work.node.Log, "delivery", e);
                }
            },
            (topic, node),
            preferLocal: false);

    // It owns nothing now, so nobody waits for it.
    private void WaitForOthers()
    {
        if (_leftAt is { } topic)
        {
            _leftAt = null;
            _leftCount = 0;
            topic.WaitUntilShort(BehindMax, WaitMs);
        }
    }
}
