namespace FastPush.Protocol.Buffers;

/// <summary>
/// Arrays of 256 to 4,096 bytes for all the sessions that a burst makes collect at once. The runtime's shared pool keeps 32 of a size
/// for each core and lets the rest go, so a burst over more sessions would allocate each time. Here a megabyte of each size is kept, and
/// each thread has one of a size at hand without a lock.
/// </summary>
internal static class ArrayShelf
{
    private const int LeastBits = 8;
    private const int Sizes = 5;
    private const int KeptBytes = 1 << 20;

    private const int MinimumBytes = (1 << (LeastBits - 1)) + 1;
    private const int MaximumBytes = 1 << (LeastBits + Sizes - 1);

    private static readonly Shelf[] s_shelves = [.. Enumerable.Range(0, Sizes).Select(size => new Shelf(KeptBytes >> (LeastBits + size)))];

    [ThreadStatic]
    private static byte[]?[]? t_atHand;

    /// <summary>Whether arrays of so many bytes, asked for or given back, are this shelf's.</summary>
    public static bool Has(int bytes) => bytes is >= MinimumBytes and <= MaximumBytes;

    /// <summary>An array of at least so many bytes, with any content.</summary>
    public static byte[] Take(int minimumBytes)
    {
        var size = SizeOf(minimumBytes);
        if (t_atHand is { } atHand && atHand[size] is { } array)
        {
            atHand[size] = null;
            return array;
        }

        return s_shelves[size].TryTake() ?? GC.AllocateUninitializedArray<byte>(1 << (LeastBits + size));
    }

    /// <summary>Keeps an array that <see cref="Take"/> gave, unless enough are kept.</summary>
    public static void Give(byte[] array)
    {
        var size = SizeOf(array.Length);
        var atHand = t_atHand ??= new byte[]?[Sizes];
        if (atHand[size] is null)
        {
            atHand[size] = array;
        }
        else
        {
            s_shelves[size].Give(array);
        }
    }

    private static int SizeOf(int bytes) => System.Numerics.BitOperations.Log2((uint)bytes - 1) + 1 - LeastBits;

    private sealed class Shelf(int capacity)
    {
        private readonly Lock _lock = new();
        private readonly byte[]?[] _arrays = new byte[]?[capacity];
        private int _count;

        public byte[]? TryTake()
        {
            lock (_lock)
            {
                if (_count == 0)
                {
                    return null;
                }

                var array = _arrays[--_count];
                _arrays[_count] = null;
                return array;
            }
        }

        public void Give(byte[] array)
        {
            lock (_lock)
            {
                if (_count < _arrays.Length)
                {
                    _arrays[_count++] = array;
                }
            }
        }
    }
}
