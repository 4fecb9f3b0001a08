using System.Security.Cryptography;

namespace FastPush.Protocol.Tls;

/// <summary>The cipher suites of TLS 1.3 that are spoken here, by their numbers (RFC 8446 appendix B.4).</summary>
public enum TlsSuite : ushort
{
    Aes128Gcm = 0x1301,
    Aes256Gcm = 0x1302,
    ChaCha20Poly1305 = 0x1303,
}

/// <summary>Sizes and hashes of the suites.</summary>
public static class TlsSuites
{
    /// <summary>Of a key, at most.</summary>
    public const int KeyBytesMax = 32;

    /// <summary>Of a hash and so of a secret, at most: SHA-384.</summary>
    public const int HashBytesMax = 48;

    /// <summary>Of an initialisation vector and a nonce, in every suite.</summary>
    public const int NonceBytes = 12;

    public static bool IsKnown(int suite) => suite is >= (int)TlsSuite.Aes128Gcm and <= (int)TlsSuite.ChaCha20Poly1305;

    public static int KeyBytes(TlsSuite suite) => suite == TlsSuite.Aes128Gcm ? 16 : 32;

    public static int HashBytes(TlsSuite suite) => suite == TlsSuite.Aes256Gcm ? 48 : 32;

    public static HashAlgorithmName Hash(TlsSuite suite) =>
        suite == TlsSuite.Aes256Gcm ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
}
