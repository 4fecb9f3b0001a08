using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>A pooled array of encoded bytes that is there only while there are any.</summary>
internal static class OutputArray
{
    /// <summary>Adds bytes at the end; a full array is replaced by one twice as large.</summary>
    public static void Append(ref byte[]? buffer, ref int end, ReadOnlySpan<byte> bytes)
    {
        if (buffer is null)
        {
            buffer = BytePool.Rent(bytes.Length);
        }
        else if (end + bytes.Length > buffer.Length)
        {
            var larger = BytePool.Rent(Math.Max(end + bytes.Length, buffer.Length * 2));
            buffer.AsSpan(0, end).CopyTo(larger);
            BytePool.Return(buffer);
            buffer = larger;
        }

        bytes.CopyTo(buffer.AsSpan(end));
        end += bytes.Length;
    }

    /// <summary>Gives the array back.</summary>
    public static void Free(ref byte[]? buffer, ref int end)
    {
        if (buffer is not null)
        {
            BytePool.Return(buffer);
        }

        buffer = null;
        end = 0;
    }
}
