using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace FastPush.Redis.Testing;

/// <summary>
/// Signs tokens that all gateways with <see cref="Arguments"/> accept. (A gateway in the Development environment without a key of its
/// configuration makes one, so that others refuse the tokens of its <c>/dev/token</c>.)
/// </summary>
public sealed class TokenSigner : IDisposable
{
    private const string Issuer = "fastpush-test";
    private const string Audience = "fastpush";

    private readonly RSA _key = RSA.Create(2048);
    private readonly TempFolder _folder = new();
    private readonly string _publicKey;

    public TokenSigner()
    {
        _publicKey = _folder.Write("public.pem", _key.ExportSubjectPublicKeyInfoPem());
    }

    /// <summary>Configuration of a gateway that accepts these tokens.</summary>
    public IReadOnlyList<string> Arguments =>
    [
        $"--FastPush:Jwt:PublicKeyPath={_publicKey}",
        $"--FastPush:Jwt:Issuer={Issuer}",
        $"--FastPush:Jwt:Audience={Audience}",
    ];

    /// <summary>A token that may do everything, unless told otherwise.</summary>
    /// <param name="user">The claim <c>sub</c>.</param>
    /// <param name="rate">Messages a second; 0 = no limit.</param>
    /// <param name="burst">Messages at once, with a <paramref name="rate"/>.</param>
    /// <param name="channels">JSON of the claim <c>channels</c>; null = all.</param>
    /// <param name="roles">The claim <c>roles</c>.</param>
    /// <param name="lifetime">An hour if not given.</param>
    public string Sign(
        string user, double rate = 0, int burst = 100, string? channels = null, string[]? roles = null, TimeSpan? lifetime = null)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        channels ??= """{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]}""";
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["sub"] = user,
            ["iat"] = now,
            ["exp"] = now + (long)(lifetime ?? TimeSpan.FromHours(1)).TotalSeconds,
            ["channels"] = JsonSerializer.Deserialize<JsonElement>(channels),
            ["rate"] = new Dictionary<string, double> { ["burst"] = burst, ["perSecond"] = rate },
            ["roles"] = roles ?? ["admin"],
        };
        var header = Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8);
        var text = $"{header}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        lock (_key)
        {
            var signature = _key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return $"{text}.{Base64Url.EncodeToString(signature)}";
        }
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }
}
