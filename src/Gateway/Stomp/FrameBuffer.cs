using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Stomp;

/// <summary>The beginning of a frame whose end has not come yet. Holds a pooled array only while it holds bytes.</summary>
internal struct FrameBuffer
{
    private byte[]? _buffer;
    private int _length;

    public readonly bool IsEmpty => _length == 0;

    public readonly ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        var need = _length + bytes.Length;
        if (_buffer is null || need > _buffer.Length)
        {
            var larger = BytePool.Rent(Math.Max(need, _length * 2));
            Bytes.CopyTo(larger);
            if (_buffer is not null)
            {
                BytePool.Return(_buffer);
            }

            _buffer = larger;
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length = need;
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
        }
    }

    public void Clear()
    {
        if (_buffer is not null)
        {
            BytePool.Return(_buffer);
        }

        _buffer = null;
        _length = 0;
    }
}
