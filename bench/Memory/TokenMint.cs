using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace FastPush.Bench.Memory;

/// <summary>Signs tokens as an identity provider would, with a key of its own whose public half the gateway is given as a file.</summary>
internal sealed class TokenMint : IDisposable
{
    public const string Issuer = "memory-gate";
    public const string Audience = "fastpush";

    private readonly RSA _rsa = RSA.Create(2048);
    private readonly string _header = Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8);
    private readonly long _expires = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600;

    public string PublicKeyPem => _rsa.ExportSubjectPublicKeyInfoPem();

    /// <summary>A token of this user alone.</summary>
    public string Token(string user)
    {
        var claims = string.Create(
            CultureInfo.InvariantCulture, $$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"{{user}}","exp":{{_expires}}}""");
        var text = $"{_header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var signature = _rsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose() => _rsa.Dispose();
}
