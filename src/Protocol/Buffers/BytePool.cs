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

    /// <summary>Bytes of large arrays that nobody has, kept for the next who needs one until <see cref="Trim"/> gives them up.</summary>
    public static long KeptBytes => LargeArrays.KeptBytes;

    /// <summary>The length of the array that <see cref="Rent"/> gives for so many bytes, if they are more than 4,096.</summary>
    public static int SizeFor(int bytes) => bytes > LargeArrays.LeastBytes ? LargeArrays.SizeFor(bytes) : bytes;

    /// <summary>
    /// Gives up large arrays that nobody needed since the last call, after <paramref name="discard"/> was told the address and length of
    /// their pages. Returns their bytes.
    /// </summary>
    public static long Trim(Action<nint, nint>? discard) => LargeArrays.Trim(discard);

    /// <summary>An array of at least <paramref name="minimumBytes"/> bytes, with any content.</summary>
    public static byte[] Rent(int minimumBytes)
    {
#pragma warning disable RS0030 // The only use of the shared pool.
        var array = ArrayShelf.Has(minimumBytes) ? ArrayShelf.Take(minimumBytes)
            : minimumBytes > LargeArrays.LeastBytes ? LargeArrays.Take(minimumBytes)
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
        else if (array.Length > LargeArrays.LeastBytes)
        {
            LargeArrays.Give(array);
        }
        else
        {
#pragma warning disable RS0030
            ArrayPool<byte>.Shared.Return(array);
#pragma warning restore RS0030
        }
    }
}
