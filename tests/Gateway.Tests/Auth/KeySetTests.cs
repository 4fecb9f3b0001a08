using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class KeySetTests
{
    private static readonly TestSigner One = new(kid: "one");
    private static readonly TestSigner Two = new(kid: "two");

    private static string Numbers(TestSigner signer) => signer.Jwk[signer.Jwk.IndexOf("\"n\"", StringComparison.Ordinal)..^1];

    private static KeySet? Read(string json, out string fault)
    {
        var good = JwksReader.TryRead(Encoding.UTF8.GetBytes(json), out var keys, out fault);
        Assert.Equal(good, keys is not null);
        Assert.Equal(good, fault.Length == 0);
        return keys;
    }

    [Fact]
    public void Keys_are_found_by_name_only()
    {
        var keys = Read($$"""{"keys":[{{One.Jwk}},{{Two.Jwk}}],"more":1}""", out _)!;
        Assert.Equal(One.Rsa.ExportParameters(false).Modulus, keys.Find("one"u8)!.ExportParameters(false).Modulus);
        Assert.Equal(Two.Rsa.ExportParameters(false).Modulus, keys.Find("two"u8)!.ExportParameters(false).Modulus);
        Assert.Null(keys.Find("on"u8));
        Assert.Null(keys.Find("one "u8));
        Assert.Null(keys.Find([]));
        Assert.Null(keys.FindWithoutKid());
    }

    [Fact]
    public void A_single_key_needs_no_name_and_then_has_none()
    {
        var keys = Read($$"""{"keys":[{"kty":"RSA",{{Numbers(One)}}}]}""", out _)!;
        Assert.NotNull(keys.FindWithoutKid());
        Assert.Null(keys.Find("one"u8));
        Assert.Null(keys.Find([]));
    }

    [Fact]
    public void Each_thread_has_an_instance_of_its_own()
    {
        var keys = One.Keys;
        var here = keys.Find("one"u8);
        RSA? there = null;
        var thread = new Thread(() => there = keys.Find("one"u8));
        thread.Start();
        thread.Join();
        Assert.Same(here, keys.Find("one"u8));
        Assert.NotNull(there);
        Assert.NotSame(here, there);
    }

    [Fact]
    public void What_is_no_set_or_has_no_usable_key_is_a_fault_that_says_why()
    {
        var small = new TestSigner(bits: 1024);
        (string Json, string Fault)[] cases =
        [
            ("", "JSON"),
            ("{", "JSON"),
            ("[]", "\"keys\""),
            ("{}", "\"keys\""),
            ("""{"keys":{}}""", "\"keys\""),
            ("""{"keys":[]}""", "no RSA key"),
            ("""{"keys":[7]}""", "keys[0]: not an object"),
            ("""{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}""", "keys[0]: not an RSA key"),
            ($$"""{"keys":[{{One.Jwk}}],"keys":[]}""", "one array"),
            ($$"""{"keys":[{{small.Jwk}}]}""", "keys[0]: an RSA key of 1024 bits"),
            ($$"""{"keys":[{"kty":"RSA",{{Numbers(One)}}},{"kty":"RSA","kid":7,{{Numbers(Two)}}}, 7]}""", ""),
        ];
        Assert.All(cases, item =>
        {
            Assert.Equal(item.Fault.Length == 0, Read(item.Json, out var fault) is not null);
            Assert.Contains(item.Fault, fault, StringComparison.Ordinal);
        });
    }

    /// <summary>RFC 7517 section 5: one key that cannot be used must not spoil the others.</summary>
    [Fact]
    public void A_key_that_cannot_be_used_is_ignored_and_named_and_the_others_are_used()
    {
        var small = new TestSigner(bits: 1024, kid: "small");
        string Key(string members) => $$"""{"kty":"RSA",{{members}}}""";
        (string Key, string Why)[] cases =
        [
            ("7", "not an object"),
            ("""{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"a"}""", "not an RSA key for RS256"),
            ("""{"kid":"a"}""", "not an RSA key for RS256"),
            ("""{"kty":7,"kid":"a"}""", "not an RSA key for RS256"),
            (Key("\"alg\":\"PS256\",\"kid\":\"a\"," + Numbers(One)), "not an RSA key for RS256"),
            (Key("\"use\":\"enc\",\"kid\":\"a\"," + Numbers(One)), "not an RSA key for RS256"),
            (small.Jwk, "an RSA key of 1024 bits"),
            (Two.Jwk, "kid \"two\" is used twice"),
            (Key(Numbers(One)), "no kid"),
            (Key("\"kid\":\"\"," + Numbers(One)), "kid: "),
            (Key("\"kid\":7," + Numbers(One)), "kid: "),
            (Key($"\"kid\":\"{new string('k', 257)}\"," + Numbers(One)), "kid: "),
            (Key("\"kid\":\"a\",\"d\":\"AQAB\"," + Numbers(One)), "private"),
            (Key("\"kid\":\"a\",\"kid\":\"a\"," + Numbers(One)), "twice"),
            (Key("\"kid\":\"\\ud800\"," + Numbers(One)), "Unicode"),
            (Key("\"kid\":\"a\",\"e\":\"AQAB\""), "n: "),
            (Key("\"kid\":\"a\",\"n\":\"!\",\"e\":\"AQAB\""), "n: "),
            (Key("\"kid\":\"a\"," + Numbers(One).Replace("AQAB", "AQAB=", StringComparison.Ordinal)), "e: "),
            (Key("\"kid\":\"a\"," + Numbers(One).Replace("AQAB", "AQ", StringComparison.Ordinal)), "exponent"),
            (Key("\"kid\":\"a\"," + Numbers(One).Replace("AQAB", "AQAA", StringComparison.Ordinal)), "exponent"),
        ];
        Assert.All(cases, item =>
        {
            var keys = Read($$"""{"keys":[{{Two.Jwk}},{{item.Key}}]}""", out _)!;
            Assert.StartsWith("keys[1]: ", Assert.Single(keys.Ignored), StringComparison.Ordinal);
            Assert.Contains(item.Why, keys.Ignored[0], StringComparison.Ordinal);
            Assert.NotNull(keys.Find("two"u8));
            Assert.Equal(1, keys.Count);
        });
    }

    [Fact]
    public void More_keys_than_any_issuer_has_are_ignored()
    {
        var jwks = string.Join(',', Enumerable.Range(0, 70).Select(i => One.Jwk.Replace("\"one\"", $"\"k{i}\"", StringComparison.Ordinal)));
        var keys = Read($$"""{"keys":[{{jwks}}]}""", out _)!;
        Assert.Equal((64, 6), (keys.Count, keys.Ignored.Count));
    }

    [Theory]
    [InlineData("[\"verify\"]", true)]
    [InlineData("[\"sign\",7,\"verify\"]", true)]
    [InlineData("[\"wrapKey\"]", false)]
    [InlineData("\"verify\"", false)]
    public void A_key_for_other_operations_is_ignored(string operations, bool isUsed)
    {
        var keys = Read($$"""{"keys":[{"kty":"RSA","kid":"a","key_ops":{{operations}},{{Numbers(One)}}},{{Two.Jwk}}]}""", out _)!;
        Assert.Equal(isUsed, keys.Find("a"u8) is not null);
        Assert.NotNull(keys.Find("two"u8));
    }

    [Fact]
    public void The_smallest_key_accepted_has_2048_bits()
    {
        byte[] exponent = [1, 0, 1];
        var modulus = new byte[256];
        modulus[^1] = 1;
        modulus[0] = 0x7F;
        Assert.False(SigningKey.TryCreate(modulus, exponent, [], out _, out var fault));
        Assert.Contains("2047 bits", fault, StringComparison.Ordinal);
        Assert.False(SigningKey.TryCreate(new byte[1025], exponent, [], out _, out fault));
        Assert.Contains(" 0 bits", fault, StringComparison.Ordinal);
        var numbers = One.Rsa.ExportParameters(false);
        Assert.True(SigningKey.TryCreate([0, .. numbers.Modulus!], exponent, [], out _, out _));
    }

    [Fact]
    public void Pem_of_each_public_kind_is_read()
    {
        var request = new CertificateRequest("CN=issuer", One.Rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        foreach (var pem in new[]
        {
            One.Rsa.ExportSubjectPublicKeyInfoPem(),
            One.Rsa.ExportRSAPublicKeyPem(),
            certificate.ExportCertificatePem(),
            "a comment\n" + One.Rsa.ExportSubjectPublicKeyInfoPem() + "\n",
        })
        {
            Assert.True(PemKeyReader.TryRead(Encoding.ASCII.GetBytes(pem), out var keys, out var fault), fault);
            Assert.Equal(One.Rsa.ExportParameters(false).Modulus, keys!.FindWithoutKid()!.ExportParameters(false).Modulus);
            Assert.Same(keys.FindWithoutKid(), keys.Find("anything"u8));
        }
    }

    [Fact]
    public void Other_pem_is_refused()
    {
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=issuer", elliptic, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        var good = One.Rsa.ExportSubjectPublicKeyInfoPem();
        (string Pem, string Fault)[] cases =
        [
            ("", "not a PEM"),
            ("{}", "not a PEM"),
            (good[..^40], "not a PEM"),
            (good + "\n" + Two.Rsa.ExportSubjectPublicKeyInfoPem(), "more than one"),
            (One.Rsa.ExportPkcs8PrivateKeyPem(), "PRIVATE KEY"),
            (One.Rsa.ExportRSAPrivateKeyPem(), "RSA PRIVATE KEY"),
            (elliptic.ExportSubjectPublicKeyInfoPem(), "not an RSA"),
            (certificate.ExportCertificatePem(), "not RSA"),
            (new TestSigner(bits: 1024).Rsa.ExportSubjectPublicKeyInfoPem(), "1024 bits"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "not an RSA"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not an RSA"),
        ];
        Assert.All(cases, item =>
        {
            Assert.False(PemKeyReader.TryRead(Encoding.ASCII.GetBytes(item.Pem), out var keys, out var fault));
            Assert.Null(keys);
            Assert.Contains(item.Fault, fault, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("AA", true)]
    [InlineData("AAA", true)]
    [InlineData("AAAA", true)]
    [InlineData("-_-_", true)]
    [InlineData("", false)]
    [InlineData("A", false)]
    [InlineData("AAAAA", false)]
    [InlineData("AB", false)]
    [InlineData("AAB", false)]
    [InlineData("AA==", false)]
    [InlineData("AA A", false)]
    [InlineData("AA+/", false)]
    public void Base64url_has_one_spelling(string text, bool good)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var decoded = new byte[StrictBase64Url.DecodedBytesMax(bytes.Length)];
        Assert.Equal(good, StrictBase64Url.TryDecode(bytes, decoded, out var written));
        if (good)
        {
            Assert.Equal(text, Base64Url.EncodeToString(decoded.AsSpan(0, written)));
        }
    }
}
