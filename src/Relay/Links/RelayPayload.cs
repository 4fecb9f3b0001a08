using System.Buffers;
using System.Buffers.Binary;
using FastPush.Protocol.Buffers;
using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>
/// Takes the payload of a push apart, see <see cref="RelayBatch"/>, and hands its messages on: where they are if they lie in one
/// segment, else copied into a buffer that is kept for the next.
/// </summary>
internal sealed class RelayPayload(IRelayReceiver receiver, LinkCounters counters, ILogger log) : IDisposable
{
    // A larger buffer, for a rare large message, is given back at once.
    private const int KeptBytes = 64 * 1024;

    private byte[] _copy = BytePool.Rent(KeptBytes);

    /// <summary>Hands on all messages; logs a payload that is not as it should be, and hands on what precedes the fault.</summary>
    public void Deliver(in ReadOnlySequence<byte> payload)
    {
        var reader = new SequenceReader<byte>(payload);
        var messages = 0;
        var whole = reader.TryRead(out var version) && version == RelayBatch.Version;
        while (whole && !reader.End)
        {
            whole = TryDeliverOne(ref reader);
            messages += whole ? 1 : 0;
        }

        Interlocked.Add(ref counters.MessagesIn, messages);
        Interlocked.Increment(ref counters.BatchesIn);
        Interlocked.Add(ref counters.BytesIn, payload.Length);
        if (!whole)
        {
            Interlocked.Increment(ref counters.BatchesMalformed);
            LinkLog.PayloadMalformed(log, payload.Length, messages);
        }
    }

    public void Dispose() => BytePool.Return(_copy);

    private bool TryDeliverOne(ref SequenceReader<byte> reader)
    {
        Span<byte> head = stackalloc byte[RelayBatch.LengthBytes];
        if (!reader.TryCopyTo(head))
        {
            return false;
        }

        reader.Advance(RelayBatch.LengthBytes);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head);
        if (length > reader.Remaining)
        {
            return false;
        }

        var bytes = (int)length;
        if (reader.UnreadSpan.Length >= bytes)
        {
            receiver.OnMessage(reader.UnreadSpan[..bytes]);
        }
        else
        {
            var copy = bytes <= _copy.Length ? _copy : BytePool.Rent(bytes);
            reader.TryCopyTo(copy.AsSpan(0, bytes));
            receiver.OnMessage(copy.AsSpan(0, bytes));
            if (copy != _copy)
            {
                BytePool.Return(copy);
            }
        }

        reader.Advance(bytes);
        return true;
    }
}
