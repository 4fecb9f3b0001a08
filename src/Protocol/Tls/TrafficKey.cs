using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace FastPush.Protocol.Tls;

/// <summary>
/// What protects one direction of a connection: its traffic secret, what was derived from it, and the number of the next record. Used
/// by one thread at a time. <see cref="Clear"/> overwrites all of it.
/// </summary>
public sealed class TrafficKey
{
    private readonly TlsSuite _suite;
    private SecretBytes _secret;
    private KeyBytes _key;
    private NonceBytes _iv;

    /// <summary>Derives from <paramref name="secret"/>, of which a copy is kept for <see cref="Update"/>.</summary>
    public TrafficKey(TlsSuite suite, ReadOnlySpan<byte> secret)
    {
        if (secret.Length != TlsSuites.HashBytes(suite))
        {
            throw new ArgumentException("the secret's length is not that of the suite's hash", nameof(secret));
        }

        _suite = suite;
        secret.CopyTo(_secret);
        Derive();
    }

    public TlsSuite Suite => _suite;

    /// <summary>Records that were made or read with this key: the number of the next.</summary>
    public long Records { get; private set; }

    /// <summary>The AEAD's key.</summary>
    public ReadOnlySpan<byte> Key => ((ReadOnlySpan<byte>)_key)[..TlsSuites.KeyBytes(_suite)];

    /// <summary>Writes the nonce of the next record and counts it (RFC 8446 section 5.3).</summary>
    public void NextNonce(Span<byte> nonce)
    {
        ((ReadOnlySpan<byte>)_iv).CopyTo(nonce);
        var low = nonce.Slice(TlsSuites.NonceBytes - sizeof(long), sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(low, BinaryPrimitives.ReadInt64BigEndian(low) ^ Records);
        Records++;
    }

    /// <summary>Goes on to the next generation (RFC 8446 section 7.2).</summary>
    public void Update()
    {
        Span<byte> next = stackalloc byte[TlsSuites.HashBytes(_suite)];
        TlsKeySchedule.ExpandLabel(_suite, Secret, "traffic upd"u8, next);
        next.CopyTo(_secret);
        CryptographicOperations.ZeroMemory(next);
        Derive();
    }

    /// <summary>Forgets the secrets. The key cannot be used any more.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_secret);
        CryptographicOperations.ZeroMemory(_key);
        CryptographicOperations.ZeroMemory(_iv);
    }

    private ReadOnlySpan<byte> Secret => ((ReadOnlySpan<byte>)_secret)[..TlsSuites.HashBytes(_suite)];

    private void Derive()
    {
        Records = 0;
        TlsKeySchedule.ExpandLabel(_suite, Secret, "key"u8, ((Span<byte>)_key)[..TlsSuites.KeyBytes(_suite)]);
        TlsKeySchedule.ExpandLabel(_suite, Secret, "iv"u8, _iv);
    }

    [InlineArray(TlsSuites.HashBytesMax)]
    private struct SecretBytes
    {
        private byte _first;
    }

    [InlineArray(TlsSuites.KeyBytesMax)]
    private struct KeyBytes
    {
        private byte _first;
    }

    [InlineArray(TlsSuites.NonceBytes)]
    private struct NonceBytes
    {
        private byte _first;
    }
}
