using System.Buffers;

namespace FastPush.Protocol.Buffers;

/// <summary>
/// The one place that rents byte arrays. It counts what is out, so that tests can assert that nothing leaks and the memory of
/// queues can be bounded.
/// </summary>
public static class BytePool
{
    private static long s_outstandingBytes;

    /// <summary>Bytes of all arrays that were rented and not yet returned.</summary>
    public static long OutstandingBytes => Volatile.Read(ref s_outstandingBytes);

    /// <summary>An array of at least <paramref name="minimumBytes"/> bytes, with any content.</summary>
    public static byte[] Rent(int minimumBytes)
    {
#pragma warning disable RS0030 // The only use of the shared pool.
        var array = ArrayShelf.Has(minimumBytes)
            ? ArrayShelf.Take(minimumBytes)
            : ArrayPool<byte>.Shared.Rent(minimumBytes);
#pragma warning restore RS0030
        Interlocked.Add(ref s_outstandingBytes, array.Length);
        return array;
    }

    /// <summary>Gives an array back; the caller must hold no slice of it any more.</summary>
    public static void Return(byte[] array)
    {
        ArgumentNullException.ThrowIfNull(array);
        Interlocked.Add(ref s_outstandingBytes, -array.Length);
        if (ArrayShelf.Has(array.Length))
        {
            ArrayShelf.Give(array);
        }
        else
        {
#pragma warning disable RS0030
            ArrayPool<byte>.Shared.Return(array);
#pragma warning restore RS0030
        }
    }
}
