using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FastPush.Gateway.Auth;

/// <summary>A SHA-256 as a key. Texts with equal digests are taken for equal.</summary>
internal readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
{
    public static Digest Of(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return MemoryMarshal.Read<Digest>(hash);
    }

    /// <summary>An even spread over 0 to <paramref name="count"/> - 1.</summary>
    public int Slot(int count) => (int)Math.BigMul(A, (ulong)count, out _);
}
