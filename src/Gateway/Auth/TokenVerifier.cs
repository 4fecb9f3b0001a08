using System.Security.Cryptography;
using System.Text;

namespace FastPush.Gateway.Auth;

/// <summary>
/// Verifies bearer tokens: JWTs (RFC 7519) in JWS compact form (RFC 7515) signed with RS256 (RFC 7518 section 3.3), judged as
/// RFC 8725 advises. Never blocks; runs on whatever thread received the token.
/// </summary>
internal sealed class TokenVerifier
{
    private readonly KeySource source;
    private readonly TimeProvider time;
    private readonly TokenCache cache;
    private readonly AclTable acls = new();
    private readonly byte[] issuer;
    private readonly byte[] audience;
    private readonly int tokenBytesMax;
    private readonly long skewMs;
    private long signatureChecks;

    /// <param name="source">The keys in force.</param>
    /// <param name="options">Validated; issuer and audience are set.</param>
    /// <param name="time">Its wall clock judges exp, nbf and iat.</param>
    public TokenVerifier(KeySource source, JwtOptions options, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.EffectiveIssuer);
        ArgumentException.ThrowIfNullOrEmpty(options.Audience);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.TokenBytesMax, JwtOptions.TokenBytesCeiling);
        this.source = source;
        this.time = time;
        cache = new TokenCache(options.CacheEntries);
        issuer = Encoding.UTF8.GetBytes(options.EffectiveIssuer);
        audience = Encoding.UTF8.GetBytes(options.Audience);
        tokenBytesMax = options.TokenBytesMax;
        skewMs = options.ClockSkewSeconds * 1000L;
    }

    /// <summary>Signatures checked so far: what the cache did not spare.</summary>
    internal long SignatureChecks => Interlocked.Read(ref signatureChecks);

    /// <summary>Tokens remembered.</summary>
    internal int Cached => cache.Count;

    /// <summary>Whom the token speaks for, or null and why not.</summary>
    public Principal? Verify(ReadOnlySpan<byte> token, out AuthFault fault)
    {
        if (token.Length == 0 || token.Length > tokenBytesMax)
        {
            fault = token.Length == 0 ? AuthFault.Missing : AuthFault.TooLarge;
            return null;
        }

        // One snapshot for the whole call: an entry must carry the generation of the very keys that verified it.
        var keys = source.Current;
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var digest = Digest.Of(token);
        if (cache.Find(digest, keys.Generation) is { } hit)
        {
            fault = hit.At(nowMs);
            if (fault == AuthFault.Expired)
            {
                cache.Remove(hit);
            }

            return fault == AuthFault.None ? hit.Principal : null;
        }

        fault = VerifyInFull(token, keys, digest, nowMs, out var entry);
        if (fault != AuthFault.None)
        {
            if (fault == AuthFault.UnknownKey)
            {
                source.OnUnknownKey();
            }

            return null;
        }

        cache.Add(entry!, nowMs);
        return entry!.Principal;
    }

    /// <summary>False while the issuer has not been heard yet: no token can be judged.</summary>
    public bool HasKeys => source.Current.Keys.Count > 0;

    // JWS compact serialization: BASE64URL(header) '.' BASE64URL(payload) '.' BASE64URL(signature) (RFC 7515 section 7.1).
    private AuthFault VerifyInFull(
        ReadOnlySpan<byte> token, KeySource.Snapshot keys, in Digest digest, long nowMs, out TokenCache.Entry? entry)
    {
        entry = null;
        var first = token.IndexOf((byte)'.');
        var last = token.LastIndexOf((byte)'.');
        if (first < 0 || last == first)
        {
            return AuthFault.Malformed;
        }

        // A dot more would be in the payload's text, where the alphabet refuses it.
        Span<byte> header = stackalloc byte[StrictBase64Url.DecodedBytesMax(first)];
        Span<byte> payload = stackalloc byte[StrictBase64Url.DecodedBytesMax(last - first - 1)];
        Span<byte> signature = stackalloc byte[StrictBase64Url.DecodedBytesMax(token.Length - last - 1)];
        if (!StrictBase64Url.TryDecode(token[..first], header, out var headerBytes)
            || !StrictBase64Url.TryDecode(token[(first + 1)..last], payload, out var payloadBytes)
            || !StrictBase64Url.TryDecode(token[(last + 1)..], signature, out var signatureBytes))
        {
            return AuthFault.Malformed;
        }

        var fault = FindKey(header[..headerBytes], keys.Keys, out var key);
        if (fault != AuthFault.None)
        {
            return fault;
        }

        if (!IsSigned(token[..last], signature[..signatureBytes], key!))
        {
            return AuthFault.BadSignature;
        }

        return JwtClaims.TryRead(payload[..payloadBytes], issuer, audience, out var claims)
            ? Judge(in claims, digest, keys.Generation, nowMs, out entry)
            : AuthFault.Malformed;
    }

    private static AuthFault FindKey(ReadOnlySpan<byte> header, KeySet keys, out RSA? key)
    {
        key = null;
        Span<byte> kid = stackalloc byte[JwtHeader.KidBufferBytes];
        var fault = JwtHeader.Read(header, kid, out var kidBytes);
        if (fault != AuthFault.None)
        {
            return fault;
        }

        key = kidBytes < 0 ? keys.FindWithoutKid() : keys.Find(kid[..kidBytes]);
        return key is null ? AuthFault.UnknownKey : AuthFault.None;
    }

    // RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017 section 8.2.2); step 1 is the length.
    private bool IsSigned(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature, RSA key)
    {
        if (signature.Length != (key.KeySize + 7) / 8)
        {
            return false;
        }

        Interlocked.Increment(ref signatureChecks);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return key.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private AuthFault Judge(in JwtClaims claims, in Digest digest, int generation, long nowMs, out TokenCache.Entry? entry)
    {
        entry = null;
        if (claims.Bad || claims.ExpiresAtMs is not { } expiresAtMs)
        {
            return AuthFault.BadClaims;
        }

        // "The current date/time MUST be before the expiration" (RFC 7519 section 4.1.4), each bound wider by the skew.
        var diesAtMs = expiresAtMs + skewMs;
        var validFromMs = claims.ValidFromMs - skewMs;
        var fault = nowMs >= diesAtMs ? AuthFault.Expired
            : nowMs < validFromMs ? AuthFault.NotYetValid
            : !claims.IssuerMatches ? AuthFault.WrongIssuer
            : !claims.AudienceMatches ? AuthFault.WrongAudience
            : claims.Subject is null ? AuthFault.BadClaims
            : AuthFault.None;
        if (fault != AuthFault.None)
        {
            return fault;
        }

        var acl = Acl.None;
        if (!claims.Channels.IsEmpty && !acls.TryGet(claims.Channels, out acl))
        {
            return AuthFault.BadClaims;
        }

        var principal = new Principal(claims.Subject!, expiresAtMs, acl, claims.Rate, claims.Roles);
        entry = new TokenCache.Entry(digest, principal, validFromMs, diesAtMs, generation);
        return AuthFault.None;
    }
}
