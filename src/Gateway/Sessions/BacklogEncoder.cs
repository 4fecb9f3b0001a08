using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Encodes what waits in a session's backlogs, as much as one send should carry. Messages move on: into the ACK window, or out of the
/// process. Under the session's lock.
/// </summary>
internal ref struct BacklogEncoder(Session session, byte[] buffer)
{
    private readonly Node _node = session.Node;
    private readonly long _nowMs = session.Node.Clock.NowMs;
    private readonly long _nowTicks = session.Node.Clock.Ticks;
    private readonly long _unixMs = session.Node.Clock.UnixMs;

    /// <summary>Where the bytes are; larger than the one given when a message did not fit.</summary>
    public byte[] Buffer { get; private set; } = buffer;

    /// <summary>Bytes encoded.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);

    /// <summary>Takes subscriptions in turn until the chunk is full or none has anything that may go now.</summary>
    public void Encode(ref ReadyList ready)
    {
        while (ready.First is not null && Length < Scratch.ChunkBytes / 2)
        {
            if (session.Format == WireFormat.ServerSentEvents && ready.First.NextReady is not null)
            {
                ready.PutOldestFirst();
            }

            if (!EncodeNext(ready.First))
            {
                ready.RemoveFirst();
            }
        }
    }

    // One message of one subscription; false when it has nothing (more) that may go now.
    private bool EncodeNext(Subscription subscription)
    {
        var window = subscription.Window;
        if (window is { Repeats: > 0 })
        {
            var repeated = window.TakeRepeat(_nowMs, out var unacked);
            Write(subscription, unacked, repeated, redelivered: true);
            return true;
        }

        if (subscription.CatchingUp || subscription.Backlog.Count == 0 || window is { HasRoom: false })
        {
            if (subscription is { Replay: { } replay, CatchingUp: false, Backlog.Count: 0 })
            {
                replay.Drained(session.Outbox.Appended + Length);
            }

            return false;
        }

        var message = BacklogPolicy.Take(session, subscription, out var isCharged);
        var payload = message.Payload;
        if (payload.ExpiresAtMs != 0 && payload.ExpiresAtMs <= _unixMs)
        {
            _node.Outcomes.Expired(payload);
            BacklogPolicy.Uncharge(session, payload, isCharged);
            BacklogPolicy.Drop(message.Payload);
            return true;
        }

        var sequence = window is null ? 0 : window.Add(payload, message.Attempts, _nowMs, isCharged);
        Write(subscription, payload, sequence, message.Redelivered);
        _node.Outcomes.CountDelivery(payload, _nowTicks);
        if (window is not null)
        {
            _node.Outcomes.Sent(payload);
            return true;
        }

        if (payload.User is not null)
        {
            session.Outbox.SettleWhenSent(payload, session.Outbox.Appended + Length);
        }

        BacklogPolicy.Uncharge(session, payload, isCharged);
        BacklogPolicy.Drop(payload);
        return true;
    }

    private void Write(Subscription subscription, Payload payload, long sequence, bool redelivered)
    {
        var room = MessageEncoder.SizeMax(subscription, payload);
        if (Buffer.Length - Length < room)
        {
            var larger = BytePool.Rent(Length + room);
            Bytes.CopyTo(larger);
            BytePool.Return(Buffer);
            Buffer = larger;
        }

        Length += MessageEncoder.Write(Buffer.AsSpan(Length), subscription, payload, sequence, redelivered);
        subscription.TellsGap = false;
    }
}
