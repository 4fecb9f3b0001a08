using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace FastPush.Load.Keys;

/// <summary>
/// A folder with the tool's own RSA key, the public half for the gateway, and the tokens signed so far: 50,000 signatures take
/// half a minute, so they are kept while they are valid. Line n of the token file is user n's; publishers have one of their own.
/// </summary>
internal sealed class KeyFolder(string path)
{
    public const string Issuer = "fastpush-load";
    public const string Audience = "fastpush";
    private const int TokenHours = 24;
    private const int HoursLeftMin = 2;

    private string PrivateKeyPath => Path.Combine(path, "key.pem");

    private string PublicKeyPath => Path.Combine(path, "pub.pem");

    private string TokensPath => Path.Combine(path, "tokens");

    /// <summary>Command line options that make a gateway accept the folder's tokens.</summary>
    public string GatewayOptions =>
        $"--FastPush:Jwt:PublicKeyPath={Path.GetFullPath(PublicKeyPath)} --FastPush:Jwt:Issuer={Issuer} --FastPush:Jwt:Audience={Audience}";

    /// <summary>Makes the key, if there is none.</summary>
    public void Ensure()
    {
        Directory.CreateDirectory(path);
        if (File.Exists(PrivateKeyPath) && File.Exists(PublicKeyPath))
        {
            return;
        }

        using var key = RSA.Create(2048);
        File.WriteAllText(PrivateKeyPath, key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(PublicKeyPath, key.ExportSubjectPublicKeyInfoPem() + "\n");
        File.Delete(TokensPath);
    }

    /// <summary>Signs what is missing of the first so many users' tokens, on all cores.</summary>
    public void EnsureTokens(int users)
    {
        Ensure();
        var now = TimeProvider.System.GetUtcNow();
        var kept = new List<string>();
        var expires = now.AddHours(TokenHours).ToUnixTimeSeconds();
        if (File.Exists(TokensPath))
        {
            var lines = File.ReadAllLines(TokensPath);
            if (lines.Length > 1
                && long.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var until)
                && until > now.AddHours(HoursLeftMin).ToUnixTimeSeconds())
            {
                expires = until;
                kept.AddRange(lines[1..]);
            }
        }

        // The first line is the publishers'.
        if (kept.Count > users)
        {
            return;
        }

        var tokens = new string[users + 1];
        kept.CopyTo(tokens);
        var pem = File.ReadAllText(PrivateKeyPath);
        using var signers = new ThreadLocal<RSA>(
            () =>
            {
                var rsa = RSA.Create();
                rsa.ImportFromPem(pem);
                return rsa;
            },
            trackAllValues: true);
        Parallel.For(kept.Count, users + 1, i => tokens[i] = Sign(signers.Value!, i == 0 ? PublisherClaims : UserClaims(i - 1), expires));
        foreach (var signer in signers.Values)
        {
            signer.Dispose();
        }

        var draft = TokensPath + ".new";
        File.WriteAllLines(draft, tokens.Prepend(expires.ToString(CultureInfo.InvariantCulture)));
        File.Move(draft, TokensPath, overwrite: true);
    }

    /// <summary>Tokens of some users, then of so many publishers.</summary>
    public IReadOnlyList<byte[]> ReadTokens(int firstUser, int users, int publishers)
    {
        var lines = File.ReadLines(TokensPath).Skip(1);
        var publisher = Encoding.ASCII.GetBytes(lines.First());
        return
        [
            .. lines.Skip(1 + firstUser).Take(users).Select(Encoding.ASCII.GetBytes),
            .. Enumerable.Repeat(publisher, publishers),
        ];
    }

    // It may subscribe as well: other clients, such as the report's, have one token for all connections.
    private static string PublisherClaims =>
        """ "sub":"load-publisher","channels":{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]},"rate":{"burst":1000000,"perSecond":0} """;

    private static string UserClaims(int user) =>
        $$""" "sub":"u{{user.ToString(CultureInfo.InvariantCulture)}}","channels":{"subscribe":["/topic/*"]} """;

    private static string Sign(RSA key, string claims, long expires)
    {
        const string Header = """{"alg":"RS256","typ":"JWT"}""";
        var body = string.Create(
            CultureInfo.InvariantCulture, $$"""{{{claims}},"iss":"{{Issuer}}","aud":"{{Audience}}","exp":{{expires}}}""");
        var signed = Encode(Encoding.UTF8.GetBytes(Header)) + "." + Encode(Encoding.UTF8.GetBytes(body));
        return signed + "." + Encode(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
