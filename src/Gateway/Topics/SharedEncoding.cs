using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Topics;

/// <summary>The last run of a batch as it was encoded, for the next subscription that gets the same bytes.</summary>
internal sealed class SharedEncoding
{
    private byte[] _bytes = [];
    private int _length;
    private byte[]? _head;
    private WireFormat _format;
    private (int Number, long Next) _ack;
    private ulong _ackKey;
    private int[] _ackKeysAt = new int[16];
    private int _start = -1;

    /// <summary>
    /// All messages of a run as this subscription gets them. Equal heads share one encoding; where deliveries are to be acknowledged,
    /// their <c>ack</c> headers must be equal too but for the session's part, which is changed in place: so they are for all that
    /// subscribed before the topic's first message.
    /// </summary>
    public ReadOnlySpan<byte> Of(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        var format = subscription.Session.Format;
        var ack = format == WireFormat.Stomp12 && subscription.Window is { } window
            ? (Number: subscription.Number, window.Next)
            : default;
        var isShared = subscription.Session.Position is null;
        if (isShared && _start == run.Start && ReferenceEquals(_head, subscription.Head) && _format == format && _ack == ack)
        {
            NameSession(subscription.Session, run.Count);
            return _bytes.AsSpan(0, _length);
        }

        _start = -1; // Whatever happens until the end, what is there is no run's encoding.
        Reserve(subscription, batch, run);
        var length = 0;
        for (var i = 0; i < run.Count; i++)
        {
            var sequence = ack.Next == 0 ? 0 : ack.Next + i;
            var delivery = _bytes.AsSpan(length);
            var written = MessageEncoder.Write(delivery, subscription, batch.PayloadAt(run, i), sequence, redelivered: false);
            if (sequence != 0)
            {
                _ackKeysAt[i] = length + MessageEncoder.AckSessionAt(delivery, subscription.Head);
            }

            length += written;
        }

        _length = length;
        _head = subscription.Head;
        _format = format;
        _ack = ack;
        _ackKey = subscription.Session.Node.AckKeyOf(subscription.Session);
        _start = isShared ? run.Start : -1;
        return _bytes.AsSpan(0, length);
    }

    /// <summary>The batch is over. A large array goes back to its pool.</summary>
    public void Forget()
    {
        _start = -1;
        _head = null;
        if (_bytes.Length > Scratch.ChunkBytes * 4)
        {
            BytePool.Return(_bytes);
            _bytes = [];
        }
    }

    private void NameSession(Session session, int messages)
    {
        if (_ack.Next == 0)
        {
            return;
        }

        var key = session.Node.AckKeyOf(session);
        Span<byte> text = stackalloc byte[AckId.SessionBytes];
        AckId.WriteSession(text, key);
        foreach (var at in _ackKeysAt.AsSpan(0, messages))
        {
            text.CopyTo(_bytes.AsSpan(at));
        }

        _ackKey = key;
    }

    private void Reserve(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        if (_ackKeysAt.Length < run.Count)
        {
            _ackKeysAt = new int[run.Count * 2];
        }

        var size = 0;
        for (var i = 0; i < run.Count; i++)
        {
            size += MessageEncoder.SizeMax(subscription, batch.PayloadAt(run, i));
        }

        if (_bytes.Length < size)
        {
            if (_bytes.Length > 0)
            {
                Scratch.Give(_bytes);
            }

            _bytes = Scratch.Take(size);
        }
    }
}
