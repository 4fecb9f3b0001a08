using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastPush.Protocol.WebSocket;

/// <summary>Masking, which is its own inverse: octet i is XORed with octet i mod 4 of the key (RFC 6455 section 5.3).</summary>
public static class WsMask
{
    /// <summary>Masks or unmasks <paramref name="data"/> in place.</summary>
    /// <param name="data">Payload, or any part of one.</param>
    /// <param name="maskKey">As <see cref="WsHeader.MaskKey"/> gives it.</param>
    /// <param name="offset">Bytes of the payload that came before <paramref name="data"/>.</param>
    public static void Apply(Span<byte> data, uint maskKey, int offset)
    {
        var turned = Turn(maskKey, offset);
        var word = BitConverter.IsLittleEndian ? turned : BinaryPrimitives.ReverseEndianness(turned);
        ref var start = ref MemoryMarshal.GetReference(data);
        var length = (nuint)data.Length;
        nuint i = 0;

        // Every step is a multiple of four bytes, so the key stays in phase from one width to the next.
        if (Vector512.IsHardwareAccelerated && length >= (nuint)Vector512<byte>.Count)
        {
            var key = Vector512.Create(word).AsByte();
            for (; length - i >= (nuint)Vector512<byte>.Count; i += (nuint)Vector512<byte>.Count)
            {
                (Vector512.LoadUnsafe(ref start, i) ^ key).StoreUnsafe(ref start, i);
            }
        }

        if (Vector256.IsHardwareAccelerated && length - i >= (nuint)Vector256<byte>.Count)
        {
            var key = Vector256.Create(word).AsByte();
            for (; length - i >= (nuint)Vector256<byte>.Count; i += (nuint)Vector256<byte>.Count)
            {
                (Vector256.LoadUnsafe(ref start, i) ^ key).StoreUnsafe(ref start, i);
            }
        }

        if (Vector128.IsHardwareAccelerated && length - i >= (nuint)Vector128<byte>.Count)
        {
            var key = Vector128.Create(word).AsByte();
            for (; length - i >= (nuint)Vector128<byte>.Count; i += (nuint)Vector128<byte>.Count)
            {
                (Vector128.LoadUnsafe(ref start, i) ^ key).StoreUnsafe(ref start, i);
            }
        }

        var wide = ((ulong)word << 32) | word;
        for (; length - i >= sizeof(ulong); i += sizeof(ulong))
        {
            ref var at = ref Unsafe.Add(ref start, i);
            Unsafe.WriteUnaligned(ref at, Unsafe.ReadUnaligned<ulong>(ref at) ^ wide);
        }

        for (; i < length; i++)
        {
            Unsafe.Add(ref start, i) ^= (byte)(turned >> (int)((i & 3) * 8));
        }
    }

    /// <summary>The key for what follows <paramref name="count"/> bytes: its first octet is the one that is due next.</summary>
    internal static uint Turn(uint maskKey, int count) => BitOperations.RotateRight(maskKey, (count & 3) * 8);
}
