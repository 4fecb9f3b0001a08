using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastPush.Protocol.Buffers;

/// <summary>
/// Arrays of more than 4,096 bytes. Their sizes are an eighth of a power of two apart, since a message of a megabyte and its headers must
/// not take two, and what nobody needed from one <see cref="Trim"/> to the next goes back to the system at once: the collector may keep
/// it for hours. They are pinned, so that their pages can be given up. Safe from any thread.
/// </summary>
internal static class LargeArrays
{
    /// <summary>The largest array that is not this class's.</summary>
    public const int LeastBytes = 4096;

    private const int StepBits = 3;
    private const int LeastBits = 12;
    private const int MostBits = 30;
    private const int PageBytes = 4096;

    private static readonly Bin[] s_bins = [.. Enumerable.Range(0, (MostBits - LeastBits) << StepBits).Select(_ => new Bin())];

    /// <summary>Bytes of arrays that are kept for the next who needs one.</summary>
    public static long KeptBytes => s_bins.Sum(bin => bin.Bytes);

    /// <summary>The bytes that an array for so many has.</summary>
    public static int SizeFor(int bytes)
    {
        var step = StepOf(bytes);
        return (bytes + step - 1) & ~(step - 1);
    }

    /// <summary>An array of <see cref="SizeFor"/> so many bytes, with any content.</summary>
    public static byte[] Take(int minimumBytes)
    {
        if (minimumBytes > 1 << MostBits)
        {
            return GC.AllocateUninitializedArray<byte>(minimumBytes);
        }

        var size = SizeFor(minimumBytes);
        return BinOf(size).TryTake() ?? GC.AllocateUninitializedArray<byte>(size, pinned: true);
    }

    /// <summary>Keeps an array that <see cref="Take"/> gave.</summary>
    public static void Give(byte[] array)
    {
        if (array.Length <= 1 << MostBits)
        {
            BinOf(array.Length).Give(array);
        }
    }

    /// <summary>Gives up what was not needed since the last call. Returns its bytes.</summary>
    public static long Trim(Action<nint, nint>? discard)
    {
        var bytes = 0L;
        foreach (var bin in s_bins)
        {
            foreach (var array in bin.TakeUnneeded())
            {
                bytes += array.Length;
                Discard(array, discard);
            }
        }

        return bytes;
    }

    // Sizes in (2^n, 2^(n+1)] are an eighth of 2^n apart.
    private static int StepOf(int bytes) => 1 << (BitOperations.Log2((uint)bytes - 1) - StepBits);

    private static Bin BinOf(int size)
    {
        var bits = BitOperations.Log2((uint)size - 1);
        return s_bins[((bits - LeastBits) << StepBits) + ((size - 1 - (1 << bits)) >> (bits - StepBits))];
    }

    // Whole pages inside it: what stands around it is another's.
    private static unsafe void Discard(byte[] array, Action<nint, nint>? discard)
    {
        var first = ((nint)Unsafe.AsPointer(ref array[0]) + PageBytes - 1) & -PageBytes;
        var end = (nint)Unsafe.AsPointer(ref array[^1]) & -PageBytes;
        if (end > first)
        {
            discard?.Invoke(first, end - first);
        }

        GC.KeepAlive(array);
    }

    private sealed class Bin
    {
        private readonly Stack<byte[]> _free = new();
        private int _least;
        private int _size;

        public long Bytes
        {
            get
            {
                lock (_free)
                {
                    return (long)_free.Count * _size;
                }
            }
        }

        public byte[]? TryTake()
        {
            lock (_free)
            {
                if (!_free.TryPop(out var array))
                {
                    return null;
                }

                _least = Math.Min(_least, _free.Count);
                return array;
            }
        }

        public void Give(byte[] array)
        {
            lock (_free)
            {
                _size = array.Length;
                _free.Push(array);
            }
        }

        // So many lay here all the time since the last call.
        public byte[][] TakeUnneeded()
        {
            lock (_free)
            {
                if (_least == 0)
                {
                    _least = _free.Count;
                    return [];
                }

                var unneeded = new byte[_least][];
                for (var i = 0; i < unneeded.Length; i++)
                {
                    unneeded[i] = _free.Pop();
                }

                _least = _free.Count;
                if (_least == 0)
                {
                    _free.TrimExcess();
                }

                return unneeded;
            }
        }
    }
}
