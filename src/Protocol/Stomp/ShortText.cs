using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastPush.Protocol.Stomp;

/// <summary>
/// Search in text of a few dozen bytes. The framework's <c>IndexOf</c> is precompiled for older processors and is not compiled again
/// (the gateway runs without tiers), which cost a microsecond of each SEND.
/// </summary>
internal static class ShortText
{
    /// <summary>The place of the first such octet; -1 if there is none.</summary>
    public static int IndexOf(ReadOnlySpan<byte> text, byte value)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        int at = 0;
        for (; at <= text.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
        {
            uint found = Vector128.Equals(Vector128.LoadUnsafe(ref start, (nuint)at), Vector128.Create(value)).ExtractMostSignificantBits();
            if (found != 0)
            {
                return at + BitOperations.TrailingZeroCount(found);
            }
        }

        for (; at < text.Length; at++)
        {
            if (text[at] == value)
            {
                return at;
            }
        }

        return -1;
    }
}
