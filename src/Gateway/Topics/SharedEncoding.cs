using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>The last run of a batch as it was encoded, for the next subscription that gets the same bytes.</summary>
internal sealed class SharedEncoding
{
    private byte[] _bytes = [];
    private int _length;
    private byte[]? _head;
    private WireFormat _format;
    private (int Number, long Next) _ack;
    private int _start = -1;

    /// <summary>
    /// All messages of a run as this subscription gets them. Equal heads share one encoding; where deliveries are to be acknowledged,
    /// their <c>ack</c> headers must be equal too, as they are for all that subscribed before the topic's first message.
    /// </summary>
    public ReadOnlySpan<byte> Of(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
        var format = subscription.Session.Format;
        var ack = format == WireFormat.Stomp12 && subscription.Window is { } window
            ? (Number: subscription.Number, window.Next)
            : default;
        if (_start == run.Start && ReferenceEquals(_head, subscription.Head) && _format == format && _ack == ack)
        {
            return _bytes.AsSpan(0, _length);
        }

        _start = -1; // Whatever happens until the end, what is there is no run's encoding.
        Reserve(subscription, batch, run);
        var length = 0;
        for (var i = 0; i < run.Count; i++)
        {
            var sequence = ack.Next == 0 ? 0 : ack.Next + i;
            length += MessageEncoder.Write(_bytes.AsSpan(length), subscription, batch.PayloadAt(run, i), sequence, redelivered: false);
        }

        _length = length;
        _head = subscription.Head;
        _format = format;
        _ack = ack;
        _start = run.Start;
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

    private void Reserve(Subscription subscription, FanoutBatch batch, in FanoutRun run)
    {
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
