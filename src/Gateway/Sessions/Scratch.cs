namespace FastPush.Gateway.Sessions;

/// <summary>A buffer per thread for encoding. Holds nothing between two uses, and a nested use gets an array of its own.</summary>
internal static class Scratch
{
    /// <summary>Chunks that the outbox encodes at once; larger than this only for a single larger message.</summary>
    public const int ChunkBytes = 64 << 10;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Takes this thread's buffer, or a larger one.</summary>
    public static byte[] Take(int bytes)
    {
        var buffer = t_buffer;
        if (buffer is not null && buffer.Length >= bytes)
        {
            t_buffer = null;
            return buffer;
        }

        return Protocol.Buffers.BytePool.Rent(Math.Max(bytes, ChunkBytes));
    }

    /// <summary>Gives it back. Only a moderate size is kept, so that one huge frame does not cost every thread its size for ever.</summary>
    public static void Give(byte[] buffer)
    {
        if (t_buffer is null && buffer.Length <= ChunkBytes * 4)
        {
            t_buffer = buffer;
        }
        else
        {
            Protocol.Buffers.BytePool.Return(buffer);
        }
    }
}
