namespace FastPush.Gateway.Auth;

/// <summary>Section <c>FastPush:Jwt</c>: whose tokens are accepted. Without keys only the development issuer can be used.</summary>
internal sealed record JwtOptions
{
    public const string Section = "FastPush:Jwt";

    /// <summary>Largest <see cref="TokenBytesMax"/>: a token is decoded on the stack, and an upgrade's head is 16 KiB at most.</summary>
    public const int TokenBytesCeiling = 16 << 10;

    private const int TokenBytesFloor = 256;
    private const int ClockSkewSecondsCeiling = 300;
    private const int CacheEntriesCeiling = 1 << 20;

    /// <summary>URL of an issuer that says where its keys are (OpenID Connect Discovery 1.0).</summary>
    public string? Authority { get; init; }

    /// <summary>URL of a JSON Web Key Set (RFC 7517).</summary>
    public string? JwksUrl { get; init; }

    /// <summary>File with a JSON Web Key Set (RFC 7517).</summary>
    public string? JwksPath { get; init; }

    /// <summary>PEM file with one RSA public key (SPKI or PKCS#1) or one X.509 certificate.</summary>
    public string? PublicKeyPath { get; init; }

    /// <summary>What <c>iss</c> must be, byte for byte. An <see cref="Authority"/> stands for itself.</summary>
    public string? Issuer { get; init; }

    /// <summary>What <c>aud</c> must be or contain, byte for byte.</summary>
    public string? Audience { get; init; }

    /// <summary>How far the issuer's clock and ours may differ, in seconds.</summary>
    public int ClockSkewSeconds { get; init; } = 30;

    /// <summary>Largest token, in bytes of its compact form.</summary>
    public int TokenBytesMax { get; init; } = 8 << 10;

    /// <summary>Most verified tokens remembered; 0 turns the cache off.</summary>
    public int CacheEntries { get; init; } = 16 << 10;

    /// <summary>Where keys come from was said.</summary>
    public bool HasKeys => IsFetched || !string.IsNullOrEmpty(JwksPath) || !string.IsNullOrEmpty(PublicKeyPath);

    /// <summary>Keys come from a URL.</summary>
    public bool IsFetched => !string.IsNullOrEmpty(Authority) || !string.IsNullOrEmpty(JwksUrl);

    /// <summary>What <c>iss</c> must be.</summary>
    public string? EffectiveIssuer => string.IsNullOrEmpty(Issuer) ? Authority : Issuer;

    /// <summary>Every fault of the section, each as "key: what is wrong". Reads the key file, fetches nothing.</summary>
    public IEnumerable<string> Validate(bool isDevelopment)
    {
        if (HasKeys)
        {
            if (KeyFault(isDevelopment) is { } fault)
            {
                yield return fault;
            }

            if (string.IsNullOrEmpty(EffectiveIssuer))
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

    private string? KeyFault(bool isDevelopment)
    {
        (string Name, string? Value)[] sources =
        [
            (nameof(Authority), Authority),
            (nameof(JwksUrl), JwksUrl),
            (nameof(JwksPath), JwksPath),
            (nameof(PublicKeyPath), PublicKeyPath),
        ];
        var set = sources.Where(s => !string.IsNullOrEmpty(s.Value)).ToList();
        if (set.Count > 1)
        {
            return $"{Section}:{set[1].Name}: set beside {set[0].Name}; set one of Authority, JwksUrl, JwksPath, PublicKeyPath";
        }

        var (name, value) = set[0];
        if (!IsFetched)
        {
            return KeySet.TryLoad(this, out _, out var fault) ? null : fault;
        }

        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.UserInfo.Length > 0)
        {
            return $"{Section}:{name}: not an http(s) URL without user and password";
        }

        return uri.Scheme == "http" && !isDevelopment ? $"{Section}:{name}: must be https; http is for Development only" : null;
    }
}
