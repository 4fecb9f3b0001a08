using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace FastPush.Gateway.Auth;

/// <summary>Issues tokens with a key of its own, made at start and never stored. For the Development environment only.</summary>
internal sealed class DevIssuer : IDisposable
{
    public const string Issuer = "fastpush-dev";
    public const string Audience = "fastpush";
    private const string Kid = "dev";

    private static readonly string[] DefaultSubscribe = ["/topic/*"];
    private static readonly string[] DefaultPublish = ["/topic/*", "/user/*"];

    private readonly TimeProvider time;
    private readonly RSA rsa = RSA.Create(SigningKey.BitsMin);
    private readonly Lock signing = new();

    public DevIssuer(TimeProvider time)
    {
        this.time = time;
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        if (!SigningKey.TryCreate(parameters.Modulus, parameters.Exponent, Encoding.UTF8.GetBytes(Kid), out var key, out var fault))
        {
            throw new CryptographicException(fault);
        }

        Keys = new KeySet([key!], anyKid: false);
    }

    public KeySet Keys { get; }

    /// <summary>What a verifier of these tokens needs, with the limits of <paramref name="configured"/>.</summary>
    public static JwtOptions Options(JwtOptions configured) => configured with { Issuer = Issuer, Audience = Audience };

    /// <summary>
    /// A token for <paramref name="user"/>; null means the default of the claim: subscribe to topics, publish to topics and
    /// users, the usual rate, no roles. Throws <see cref="ArgumentException"/> if no token could hold that user
    /// (<see cref="Principal.IsUserId"/>); other claims are written as given, also such as the verifier will refuse.
    /// </summary>
    public string Issue(
        string user,
        IReadOnlyList<string>? subscribe = null,
        IReadOnlyList<string>? publish = null,
        int? burst = null,
        double? perSecond = null,
        IReadOnlyList<string>? roles = null,
        int ttlSeconds = 3600)
    {
        if (!Principal.IsUserId(user))
        {
            throw new ArgumentException("not a user id", nameof(user));
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var payload = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(payload))
        {
            json.WriteStartObject();
            json.WriteString("iss", Issuer);
            json.WriteString("aud", Audience);
            json.WriteString("sub", user);
            json.WriteNumber("iat", now);
            json.WriteNumber("exp", now + ttlSeconds);
            json.WriteStartObject("channels");
            WriteArray(json, "subscribe", subscribe ?? DefaultSubscribe);
            WriteArray(json, "publish", publish ?? DefaultPublish);
            json.WriteEndObject();
            WriteRate(json, burst, perSecond);
            if (roles is not null)
            {
                WriteArray(json, "roles", roles);
            }

            json.WriteEndObject();
        }

        var text = $"{Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT","kid":"dev"}"""u8)}.{Base64Url.EncodeToString(payload.WrittenSpan)}";
        return $"{text}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public void Dispose() => rsa.Dispose();

    // RSA is not promised to be thread-safe; here a lock is good enough, no event loop issues tokens.
    private byte[] Sign(byte[] text)
    {
        lock (signing)
        {
            return rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    private static void WriteRate(Utf8JsonWriter json, int? burst, double? perSecond)
    {
        if (burst is null && perSecond is null)
        {
            return;
        }

        json.WriteStartObject("rate");
        if (burst is { } capacity)
        {
            json.WriteNumber("burst", capacity);
        }

        if (perSecond is { } refill)
        {
            json.WriteNumber("perSecond", refill);
        }

        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
