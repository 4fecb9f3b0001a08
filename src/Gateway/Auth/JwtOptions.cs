namespace FastPush.Gateway.Auth;

/// <summary>Section <c>FastPush:Jwt</c>: whose tokens are accepted. Without a key path only the development issuer can be used.</summary>
internal sealed record JwtOptions
{
    public const string Section = "FastPush:Jwt";

    /// <summary>Largest <see cref="TokenBytesMax"/>: a token is decoded on the stack, and an upgrade's head holds no more than 16 KiB.</summary>
    public const int TokenBytesCeiling = 16 << 10;

    private const int TokenBytesFloor = 256;
    private const int ClockSkewSecondsCeiling = 300;
    private const int CacheEntriesCeiling = 1 << 20;

    /// <summary>File with a JSON Web Key Set (RFC 7517).</summary>
    public string? JwksPath { get; init; }

    /// <summary>PEM file with one RSA public key (SPKI or PKCS#1) or one X.509 certificate.</summary>
    public string? PublicKeyPath { get; init; }

    /// <summary>What <c>iss</c> must be, byte for byte.</summary>
    public string? Issuer { get; init; }

    /// <summary>What <c>aud</c> must be or contain, byte for byte.</summary>
    public string? Audience { get; init; }

    /// <summary>How far the issuer's clock and ours may differ, in seconds.</summary>
    public int ClockSkewSeconds { get; init; } = 30;

    /// <summary>Largest token, in bytes of its compact form.</summary>
    public int TokenBytesMax { get; init; } = 8 << 10;

    /// <summary>Most verified tokens remembered; 0 turns the cache off.</summary>
    public int CacheEntries { get; init; } = 16 << 10;

    public bool HasKeyPath => !string.IsNullOrEmpty(JwksPath) || !string.IsNullOrEmpty(PublicKeyPath);

    /// <summary>Every fault of the section, each as "key: what is wrong". Reads the key file.</summary>
    public IEnumerable<string> Validate()
    {
        if (HasKeyPath)
        {
            if (!KeySet.TryLoad(this, out _, out var fault))
            {
                yield return fault;
            }

            if (string.IsNullOrEmpty(Issuer))
            {
                yield return $"{Section}:Issuer: missing; tokens are accepted from one issuer only";
            }

            if (string.IsNullOrEmpty(Audience))
            {
                yield return $"{Section}:Audience: missing; tokens are accepted for one audience only";
            }
        }

        if (ClockSkewSeconds is < 0 or > ClockSkewSecondsCeiling)
        {
            yield return $"{Section}:ClockSkewSeconds: {ClockSkewSeconds} is not in 0 to {ClockSkewSecondsCeiling}";
        }

        if (TokenBytesMax is < TokenBytesFloor or > TokenBytesCeiling)
        {
            yield return $"{Section}:TokenBytesMax: {TokenBytesMax} is not in {TokenBytesFloor} to {TokenBytesCeiling}";
        }

        if (CacheEntries is < 0 or > CacheEntriesCeiling)
        {
            yield return $"{Section}:CacheEntries: {CacheEntries} is not in 0 to {CacheEntriesCeiling}";
        }
    }
}
