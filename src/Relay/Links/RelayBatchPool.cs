using FastPush.Protocol.Buffers;

namespace FastPush.Relay.Links;

/// <summary>
/// Batches with their buffers, in two sizes, so that publishing allocates nothing: small ones, in which every batch begins, and those
/// of the full batch size. A message that is larger still gets a batch that is not kept.
/// </summary>
internal sealed class RelayBatchPool(int batchBytesMax)
{
    /// <summary>Holds the few messages of a link that is not busy.</summary>
    public const int SmallBytes = 4096;

    // 1 MiB of small buffers and 4 MiB of large ones (at 64 KiB); more than one connection has in flight.
    private const int SmallKept = 256;
    private const int LargeKept = 64;

    private readonly Lock _gate = new();
    private readonly Stack<RelayBatch> _small = new(SmallKept);
    private readonly Stack<RelayBatch> _large = new(LargeKept);
    private bool _ended;

    /// <summary>Size of a large buffer, at least.</summary>
    public int LargeBytes { get; } = Math.Max(batchBytesMax, SmallBytes);

    /// <summary>Bytes of the buffer that <see cref="Rent"/> gives for so many; what a bound has to count.</summary>
    public int SizeFor(int bytes) => bytes <= SmallBytes ? SmallBytes : Math.Max(bytes, LargeBytes);

    public RelayBatch Rent(int bytes)
    {
        if (bytes <= LargeBytes)
        {
            lock (_gate)
            {
                if ((bytes <= SmallBytes ? _small : _large).TryPop(out var batch))
                {
                    return batch;
                }
            }
        }

        return new RelayBatch(BytePool.Rent(SizeFor(bytes)), SizeFor(bytes));
    }

    /// <summary>A small batch becomes a large one, and keeps its content.</summary>
    public void Enlarge(RelayBatch batch)
    {
        var other = Rent(LargeBytes);
        batch.SwapBuffers(other);
        Return(other);
    }

    public void Return(RelayBatch batch)
    {
        batch.End();
        var (stack, kept) = batch.Size == SmallBytes ? (_small, SmallKept) : (_large, LargeKept);
        lock (_gate)
        {
            if (!_ended && stack.Count < kept && batch.Size <= LargeBytes)
            {
                stack.Push(batch);
                return;
            }
        }

        BytePool.Return(batch.Buffer);
    }

    /// <summary>Gives the buffers back; those still out follow when they are returned.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (var batch in _small.Concat(_large))
            {
                BytePool.Return(batch.Buffer);
            }

            _small.Clear();
            _large.Clear();
        }
    }
}
