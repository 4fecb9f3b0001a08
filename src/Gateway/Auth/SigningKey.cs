using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;

namespace FastPush.Gateway.Auth;

/// <summary>One RSA public key and the <c>kid</c> under which tokens name it (empty: it has none).</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "See perThread.")]
internal sealed class SigningKey
{
    public const int BitsMin = 2048;

    /// <summary>Verification costs the square of the size and runs on an event-loop thread.</summary>
    public const int BitsMax = 8192;

    public const int SignatureBytesMax = BitsMax / 8;
    private const int ExponentBytesMax = 8;

    // An RSA instance per thread: .NET promises no thread safety for instance members of RSA, and a lock would let one
    // event-loop thread block another. It is built on a thread's first use from the two public numbers. Nothing disposes
    // them: a verification may still run when its key set is replaced; the finalizers of ThreadLocal and of the native
    // handles free them once the set is unreachable.
    private readonly ThreadLocal<RSA> perThread;

    private SigningKey(RSAParameters parameters, byte[] kid)
    {
        Kid = kid;
        perThread = new ThreadLocal<RSA>(() => RSA.Create(parameters));
    }

    public byte[] Kid { get; }

    /// <summary>The calling thread's instance; must not leave the thread.</summary>
    public RSA Rsa => perThread.Value!;

    /// <summary>Takes the public numbers, big-endian. <paramref name="fault"/> says what is wrong with them.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, byte[] kid, out SigningKey? key, out string fault)
    {
        key = null;
        modulus = modulus.TrimStart((byte)0);
        exponent = exponent.TrimStart((byte)0);
        var bits = modulus.IsEmpty ? 0 : modulus.Length * 8 - (BitOperations.LeadingZeroCount(modulus[0]) - 24);
        if (bits is < BitsMin or > BitsMax)
        {
            fault = $"an RSA key of {bits} bits; {BitsMin} to {BitsMax} are accepted";
            return false;
        }

        // With exponent 1 every number is its own signature; an even modulus or exponent is no RSA key at all.
        if ((modulus[^1] & 1) == 0 || exponent.IsEmpty || (exponent[^1] & 1) == 0 || exponent is [1] || exponent.Length > ExponentBytesMax)
        {
            fault = "not an RSA public key: modulus and exponent must be odd, the exponent 3 or more and at most 64 bits";
            return false;
        }

        var candidate = new SigningKey(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() }, kid);
        try
        {
            _ = candidate.Rsa;
        }
        catch (CryptographicException e)
        {
            fault = $"not an RSA public key: {e.Message}";
            return false;
        }

        key = candidate;
        fault = "";
        return true;
    }
}
