using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;

namespace FastPush.Gateway.Cluster;

/// <summary>What the relay brings, and what it could not deliver.</summary>
internal sealed partial class ClusterNode
{
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        if (!message.IsEmpty && message[0] == (byte)RelayKind.Message)
        {
            if (RelayEnvelope.TryRead(message[1..], out var envelope, out _) != ParseStatus.Done)
            {
                Malformed();
                return;
            }

            _node.Metrics.Relay.Received();
            if (envelope.User.IsEmpty)
            {
                DeliverTopic(envelope);
            }
            else
            {
                DeliverUser(envelope);
            }
        }
        else if (Notice.TryRead(message, out var notice))
        {
            OnNotice(notice);
        }
        else
        {
            Malformed();
        }
    }

    public void OnBatchEnd() => FanoutBatch.Current.Complete(_node);

    public void OnUp()
    {
        Repair.Request();
        _waiting.TellAgain();
    }

    public void OnDown(string reason)
    {
        // Said by the link. What is lost meanwhile is taken again when it is back.
    }

    public void OnUndelivered(int serverId, ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty)
        {
            return;
        }

        if (message[0] != (byte)RelayKind.Message)
        {
            if (Notice.TryRead(message, out var notice))
            {
                OnUndelivered(serverId, notice);
            }
        }
        else if (RelayEnvelope.TryRead(message[1..], out var envelope, out _) == ParseStatus.Done)
        {
            if (envelope.User.IsEmpty)
            {
                _node.Metrics.Relay.Dropped();
            }
            else
            {
                var topic = _node.Topics.GetOrAdd(envelope.Destination);
                _queues.Undeliverable(serverId, topic.User!, topic.Queue!, envelope.MessageId, mayHaveArrived: true);
            }
        }
    }

    private void OnUndelivered(int serverId, in Notice notice)
    {
        if (notice.Kind == RelayKind.Joined)
        {
            Topics.OnJoinSeen(notice.Number); // Who is gone need not be waited for.
        }
        else if (notice.Kind == RelayKind.Waiting)
        {
            _waiting.NotTold(serverId, Encoding.UTF8.GetString(notice.A), Encoding.UTF8.GetString(notice.B));
        }
    }

    private void DeliverTopic(in RelayEnvelope envelope)
    {
        if (!_node.Topics.TryGet(envelope.Destination, out _))
        {
            return; // The last subscriber has left meanwhile.
        }

        if (PayloadEnvelope.Rent(_node.Pool, envelope, null, null) is { } payload)
        {
            _node.Fanout.Deliver(envelope.Destination, payload);
        }
        else
        {
            _node.Metrics.Relay.Dropped();
        }
    }

    private void DeliverUser(in RelayEnvelope envelope)
    {
        var topic = _node.Topics.GetOrAdd(envelope.Destination);
        if (topic.User is null)
        {
            Malformed();
            return;
        }

        if (_queues.IsOverdue(topic.User, topic.Queue!, envelope.MessageId))
        {
            _node.Redelivery.Offer(topic.User, topic.Queue!);
            return;
        }

        // No room here, or none for what came before it: it goes back to its queue, and comes when there is some.
        var payload = Starved.Contains(topic.User, topic.Queue!)
            ? null
            : PayloadEnvelope.Rent(_node.Pool, envelope, topic.User, topic.Queue);
        if (payload is null)
        {
            Starved.Add(topic.User, topic.Queue!, PayloadEnvelope.SizeOf(envelope));
            _queues.Undeliverable(ServerId, topic.User, topic.Queue!, envelope.MessageId, mayHaveArrived: false);
            return;
        }

        try
        {
            if (_queues.Hold(payload))
            {
                payload.AddRef(); // Kept until it is delivered, so that a failure can give it back.
                _node.Fanout.Deliver(envelope.Destination, payload);
            }

            payload.Release();
        }
        catch (Exception e)
        {
            ClusterLog.DeliveryFailed(_node.Log, payload.Id, e);
            _node.Outcomes.Queue(payload, attempts: 1);
            Repair.Request();
        }
    }

    private void OnNotice(in Notice notice)
    {
        switch (notice.Kind)
        {
            case RelayKind.Waiting:
                _node.Redelivery.Offer(Encoding.UTF8.GetString(notice.A), Encoding.UTF8.GetString(notice.B));
                break;
            case RelayKind.Joined:
            case RelayKind.Left:
                Topics.OnNotice(notice);
                break;
            case RelayKind.JoinSeen:
                Topics.OnJoinSeen(notice.Number);
                break;
            case RelayKind.Outcome:
            case RelayKind.OutcomeQuery:
            case RelayKind.OutcomeAnswer:
                Outcomes.OnNotice(notice);
                break;
            default:
                break; // A newer server's kind.
        }
    }

    // R4: what cannot be read is counted, and said once in a while.
    private void Malformed()
    {
        if (_node.Metrics.Relay.Malformed(_node.Clock.NowMs))
        {
            ClusterLog.Malformed(_node.Log, _node.Metrics.Relay.MessagesMalformed);
        }
    }
}
