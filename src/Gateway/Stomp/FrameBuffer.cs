using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// The beginning of a frame whose end has not come yet. Holds a pooled array only while it holds bytes, and as long as it does, the share
/// of whoever sent them answers for it.
/// </summary>
internal struct FrameBuffer
{
    // Frames like CONNECT and ACK: when memory is full, those must still get in who take some of it away.
    private const int SmallBytes = 24 << 10;

    private byte[]? _buffer;
    private MemoryShare? _payer;
    private int _length;

    public readonly bool IsEmpty => _length == 0;

    public readonly ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>
    /// Keeps bytes behind those that are here; the frame may have <paramref name="frameBytes"/> in all, if that is known (else 0), so that
    /// the array is not twice as large. False, and nothing done, when <paramref name="share"/> has no room, unless
    /// <paramref name="mayExceed"/>.
    /// </summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes, MemoryShare share, int frameBytes, bool mayExceed)
    {
        var need = _length + bytes.Length;
        if (_buffer is null || need > _buffer.Length)
        {
            var doubled = Math.Max(need, _length * 2);
            var larger = BytePool.Rent(frameBytes > need ? Math.Min(doubled, frameBytes) : doubled);
            if (!share.TryTake(larger.Length, isSmall: larger.Length <= SmallBytes))
            {
                if (!mayExceed)
                {
                    BytePool.Return(larger);
                    return false;
                }

                share.Take(larger.Length);
            }

            var length = _length;
            Bytes.CopyTo(larger);
            Clear();
            (_buffer, _payer, _length) = (larger, share, length);
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length = need;
        return true;
    }

    /// <summary>Another share answers from here on, since it is known by now who sends.</summary>
    public void MoveTo(MemoryShare share)
    {
        if (_buffer is not null && _payer != share)
        {
            _payer!.GiveBack(_buffer.Length);
            share.Take(_buffer.Length);
            _payer = share;
        }
    }

    /// <summary>Lets go of the first bytes; of those that were cleared meanwhile there is nothing left to let go.</summary>
    public void RemoveFirst(int count)
    {
        var left = _length - count;
        if (left <= 0)
        {
            Clear();
        }
        else if (count > 0)
        {
            _buffer.AsSpan(count, left).CopyTo(_buffer);
            _length = left;
            if (left < _buffer!.Length / 4)
            {
                Fit();
            }
        }
    }

    // The beginning of a small frame behind a large one must not keep the large one's array.
    private void Fit()
    {
        var smaller = BytePool.Rent(_length);
        var (length, payer) = (_length, _payer);
        Bytes.CopyTo(smaller);
        payer!.Take(smaller.Length);
        Clear();
        (_buffer, _payer, _length) = (smaller, payer, length);
    }

    public void Clear()
    {
        if (_buffer is not null)
        {
            _payer!.GiveBack(_buffer.Length);
            BytePool.Return(_buffer);
        }

        _buffer = null;
        _payer = null;
        _length = 0;
    }
}
