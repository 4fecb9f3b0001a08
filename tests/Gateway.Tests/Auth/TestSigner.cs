using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>Signs whatever header and payload a test wants, also such as no library would.</summary>
internal sealed class TestSigner
{
    public const string Header = """{"alg":"RS256","kid":"k"}""";
    public const long Now = 1_800_000_000;

    private readonly RSA rsa;
    private readonly string kid;

    public TestSigner(int bits = 2048, string kid = "k")
    {
        rsa = RSA.Create(bits);
        this.kid = kid;
    }

    public static JwtOptions Options { get; } = new() { Issuer = "iss", Audience = "aud" };

    public RSA Rsa => rsa;

    public KeySet Keys => new([Key()], anyKid: false);

    /// <summary>The key as a member of a JWKS.</summary>
    public string Jwk
    {
        get
        {
            var numbers = rsa.ExportParameters(false);
            var (n, e) = (Base64Url.EncodeToString(numbers.Modulus), Base64Url.EncodeToString(numbers.Exponent));
            return $$"""{"kty":"RSA","kid":"{{kid}}","n":"{{n}}","e":"{{e}}"}""";
        }
    }

    public static string Claims(string more = "") => $$"""{"iss":"iss","aud":"aud","sub":"u","exp":{{Now + 600}}{{more}}}""";

    public SigningKey Key()
    {
        var numbers = rsa.ExportParameters(false);
        var good = SigningKey.TryCreate(numbers.Modulus, numbers.Exponent, Encoding.UTF8.GetBytes(kid), out var key, out var fault);
        Assert.True(good, fault);
        return key!;
    }

    public TokenVerifier Verifier(TimeProvider time, JwtOptions? options = null) => new(KeySource.Fixed(Keys), options ?? Options, time);

    public byte[] Sign(string payload, string header = Header) => Sign(Encoding.UTF8.GetBytes(payload), Encoding.UTF8.GetBytes(header));

    public byte[] Sign(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> header) =>
        SignText($"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}");

    public byte[] SignText(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var signature = Base64Url.EncodeToString(rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        return Encoding.ASCII.GetBytes($"{text}.{signature}");
    }
}
