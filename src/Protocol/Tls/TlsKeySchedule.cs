using System.Security.Cryptography;

namespace FastPush.Protocol.Tls;

/// <summary>What is derived from a traffic secret (RFC 8446 sections 7.1 to 7.3).</summary>
public static class TlsKeySchedule
{
    // The longest label here is "traffic upd".
    private const int InfoBytesMax = 2 + 1 + 32 + 1;

    /// <summary>HKDF-Expand-Label with an empty context; fills <paramref name="output"/>.</summary>
    public static void ExpandLabel(TlsSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, Span<byte> output)
    {
        var prefix = "tls13 "u8;
        Span<byte> info = stackalloc byte[InfoBytesMax];
        info[0] = (byte)(output.Length >> 8);
        info[1] = (byte)output.Length;
        info[2] = (byte)(prefix.Length + label.Length);
        prefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + prefix.Length)..]);
        var end = 3 + prefix.Length + label.Length;
        info[end] = 0;
        HKDF.Expand(TlsSuites.Hash(suite), secret, output, info[..(end + 1)]);
    }
}
