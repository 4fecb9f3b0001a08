using System.Buffers.Text;
using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>What no library would make: signed all the same, so that only the shape can be the reason to refuse.</summary>
public sealed class TokenShapeTests
{
    private static readonly TestSigner Signer = new();
    private readonly TokenVerifier verifier = Signer.Verifier(new ManualTimeProvider());

    private AuthFault Verify(ReadOnlySpan<byte> token)
    {
        var principal = verifier.Verify(token, out var fault);
        Assert.Equal(fault == AuthFault.None, principal is not null);
        return fault;
    }

    private AuthFault VerifyText(string token) => Verify(Encoding.Latin1.GetBytes(token));

    private static string Text(byte[] token) => Encoding.ASCII.GetString(token);

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void The_plain_token_is_accepted() => Assert.Equal(AuthFault.None, Verify(Signer.Sign(TestSigner.Claims())));

    [Fact]
    public void Nothing_is_missing() => Assert.Equal(AuthFault.Missing, Verify([]));

    [Fact]
    public void The_size_limit_is_inclusive()
    {
        var token = Signer.Sign(TestSigner.Claims());
        var time = new ManualTimeProvider();
        Assert.NotNull(Signer.Verifier(time, TestSigner.Options with { TokenBytesMax = token.Length }).Verify(token, out _));
        Assert.Null(Signer.Verifier(time, TestSigner.Options with { TokenBytesMax = token.Length - 1 }).Verify(token, out var fault));
        Assert.Equal(AuthFault.TooLarge, fault);
    }

    [Fact]
    public void The_largest_size_that_can_be_set_is_decoded()
    {
        var options = TestSigner.Options with { TokenBytesMax = JwtOptions.TokenBytesCeiling };
        var filler = new string('x', 11_500);
        var token = Signer.Sign(TestSigner.Claims($",\"filler\":\"{filler}\""));
        Assert.InRange(token.Length, 15_000, JwtOptions.TokenBytesCeiling);
        Assert.NotNull(Signer.Verifier(new ManualTimeProvider(), options).Verify(token, out _));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("...")]
    [InlineData("a")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData(" ")]
    [InlineData("\0")]
    public void Scraps_are_malformed(string token) => Assert.Equal(AuthFault.Malformed, VerifyText(token));

    [Fact]
    public void Other_counts_of_parts_are_malformed()
    {
        var token = Text(Signer.Sign(TestSigner.Claims()));
        var parts = token.Split('.');
        Assert.Equal(AuthFault.Malformed, VerifyText($"{parts[0]}.{parts[1]}"));
        Assert.Equal(AuthFault.Malformed, VerifyText($"{parts[0]}.{parts[1]}."));
        Assert.Equal(AuthFault.Malformed, VerifyText($".{parts[1]}.{parts[2]}"));
        Assert.Equal(AuthFault.Malformed, VerifyText($"{parts[0]}..{parts[2]}"));
        Assert.Equal(AuthFault.Malformed, VerifyText($"{token}.{parts[2]}"));
        Assert.Equal(AuthFault.Malformed, VerifyText($"{token}."));
        Assert.Equal(AuthFault.Malformed, VerifyText($".{token}"));
        Assert.Equal(AuthFault.Malformed, VerifyText($"{parts[0]}.{parts[1]}.{parts[1]}.{parts[2]}.{parts[2]}"));
        Assert.Equal(AuthFault.Malformed, Verify(Signer.SignText($"{parts[0]}.{parts[1]}.{parts[1]}")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Padding_space_and_the_other_alphabet_are_malformed_in_each_part(int part)
    {
        foreach (var junk in new[] { "=", "==", " ", "\n", "\r\n", "+", "/", "\u00e9", "\0" })
        {
            var parts = Text(Signer.Sign(TestSigner.Claims())).Split('.');
            parts[part] += junk;
            Assert.Equal(AuthFault.Malformed, VerifyText(string.Join('.', parts)));
        }
    }

    [Fact]
    public void Unused_bits_must_be_zero()
    {
        // 256 bytes of signature end in a group of 2 letters, of which the last carries 2 bits.
        var token = Text(Signer.Sign(TestSigner.Claims()));
        Assert.Contains(token[^1], "AQgw");
        var letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        foreach (var letter in letters.Where(letter => letters.IndexOf(letter, StringComparison.Ordinal) % 16 != 0))
        {
            Assert.Equal(AuthFault.Malformed, VerifyText(token[..^1] + letter));
        }

        // One header with 0 to 2 spaces has each remainder, and is signed as it stands.
        foreach (var header in new[] { TestSigner.Header, """{"alg":"RS256","kid":"k" }""", """{"alg":"RS256","kid":"k"  }""" })
        {
            var part = Part(header);
            var respelled = part[..^1] + letters[letters.IndexOf(part[^1], StringComparison.Ordinal) ^ 1];
            Assert.Equal(AuthFault.None, Verify(Signer.SignText($"{part}.{Part(TestSigner.Claims())}")));
            if (part.Length % 4 != 0)
            {
                Assert.Equal(AuthFault.Malformed, Verify(Signer.SignText($"{respelled}.{Part(TestSigner.Claims())}")));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"RS256\"")]
    [InlineData("""{"alg":"RS256","kid":"k"}{}""")]
    [InlineData("""{"alg":"RS256","kid":"k"} x""")]
    [InlineData("""{"alg":"RS256","kid":"k",}""")]
    [InlineData("""{"alg":"RS256",/**/"kid":"k"}""")]
    [InlineData("""{"alg":"RS256","alg":"RS256","kid":"k"}""")]
    [InlineData("""{"alg":"none","alg":"RS256","kid":"k"}""")]
    [InlineData("""{"alg":"RS256","kid":"k","kid":"k"}""")]
    [InlineData("""{"alg":"RS256","kid":"k","typ":"a","typ":"a"}""")]
    [InlineData("""{"alg":"RS256","kid":"k","\u0061lg":"none"}""")]
    [InlineData("""{"alg":"RS256","kid":7}""")]
    [InlineData("""{"alg":"RS256","kid":null}""")]
    [InlineData("""{"alg":"RS256","kid":"\ud800"}""")]
    [InlineData("""{"alg":"RS256","kid":"k","crit":["exp"]}""")]
    [InlineData("""{"alg":"RS256","kid":"k","crit":null}""")]
    [InlineData("""{"alg":"RS256","kid":"k","x":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}""")]
    [InlineData("\uFEFF{\"alg\":\"RS256\",\"kid\":\"k\"}")]
    public void A_bad_header_is_malformed(string header)
    {
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(TestSigner.Claims(), header)));
        Assert.Equal(0, verifier.SignatureChecks);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"kid":"k"}""")]
    [InlineData("""{"alg":null,"kid":"k"}""")]
    [InlineData("""{"alg":["RS256"],"kid":"k"}""")]
    [InlineData("""{"alg":"","kid":"k"}""")]
    [InlineData("""{"alg":"none","kid":"k"}""")]
    [InlineData("""{"alg":"None","kid":"k"}""")]
    [InlineData("""{"alg":"RS2567","kid":"k"}""")]
    [InlineData("""{"alg":"RS256 ","kid":"k"}""")]
    [InlineData("""{"alg":"RSA-OAEP","kid":"k"}""")]
    [InlineData("""{"Alg":"RS256","kid":"k"}""")]
    public void Only_RS256_is_an_algorithm(string header)
    {
        Assert.Equal(AuthFault.WrongAlgorithm, Verify(Signer.Sign(TestSigner.Claims(), header)));
        Assert.Equal(0, verifier.SignatureChecks);
    }

    [Fact]
    public void A_key_name_is_compared_by_its_meaning_and_its_size_is_bounded()
    {
        Assert.Equal(AuthFault.None, Verify(Signer.Sign(TestSigner.Claims(), """{"alg":"RS256","kid":"\u006b"}""")));
        Assert.Equal(AuthFault.UnknownKey, Verify(Signer.Sign(TestSigner.Claims(), """{"alg":"RS256","kid":"K"}""")));
        var longKid = new string('k', 4000);
        Assert.Equal(AuthFault.UnknownKey, Verify(Signer.Sign(TestSigner.Claims(), $$"""{"alg":"RS256","kid":"{{longKid}}"}""")));
    }

    [Fact]
    public void Headers_have_few_members()
    {
        var members = string.Concat(Enumerable.Range(0, 30).Select(i => $",\"m{i}\":0"));
        Assert.Equal(AuthFault.None, Verify(Signer.Sign(TestSigner.Claims(), $$"""{"alg":"RS256","kid":"k"{{members}}}""")));
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(TestSigner.Claims(), $$"""{"alg":"RS256","kid":"k"{{members}},"one":0}""")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"exp\":")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600} {}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"exp":1800000600}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"sub":"u"}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"\u0073ub":"u"}""")]
    [InlineData("""{"iss":"iss","iss":"iss","aud":"aud","sub":"u","exp":1800000600}""")]
    [InlineData("""{"iss":"iss","aud":"aud","aud":["aud"],"sub":"u","exp":1800000600}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"channels":{},"channels":{}}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"jti":"1","jti":"2"}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"\ud800","exp":1800000600}""")]
    [InlineData("""{"iss":"iss","aud":"aud","sub":"u","exp":1800000600,"x":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}""")]
    public void Bad_claims_JSON_is_malformed(string payload)
    {
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(payload)));
        Assert.Equal(payload.Length == 0 ? 0 : 1, verifier.SignatureChecks);
    }

    [Fact]
    public void Nesting_is_allowed_to_a_depth_of_16()
    {
        Assert.Equal(AuthFault.None, Verify(Signer.Sign(TestSigner.Claims(",\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]"))));
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(TestSigner.Claims(",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"))));
    }

    [Fact]
    public void Header_and_claims_must_be_UTF8()
    {
        byte[] broken = [.. "{\"alg\":\"RS256\",\"kid\":\"k\",\"x\":\""u8, 0xC3, .. "\"}"u8];
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(Encoding.UTF8.GetBytes(TestSigner.Claims()), broken)));
        broken = [.. "{\"iss\":\"iss\",\"aud\":\"aud\",\"exp\":1800000600,\"sub\":\"u"u8, 0xFF, .. "\"}"u8];
        Assert.Equal(AuthFault.Malformed, Verify(Signer.Sign(broken, Encoding.UTF8.GetBytes(TestSigner.Header))));
    }

    [Fact]
    public void A_signature_of_another_length_never_reaches_the_key()
    {
        var token = Text(Signer.Sign(TestSigner.Claims()));
        var cut = token[..(token.LastIndexOf('.') + 1)];
        foreach (var length in new[] { 1, 255, 257, 1024, 1025, 4000 })
        {
            Assert.Equal(AuthFault.BadSignature, VerifyText(cut + Base64Url.EncodeToString(new byte[length])));
        }

        Assert.Equal(0, verifier.SignatureChecks);
        Assert.Equal(AuthFault.BadSignature, VerifyText(cut + Base64Url.EncodeToString(new byte[256])));
        Assert.Equal(AuthFault.BadSignature, VerifyText(cut + Base64Url.EncodeToString(Enumerable.Repeat((byte)255, 256).ToArray())));
    }

    [Fact]
    public void Each_fault_is_described_in_its_own_words()
    {
        var texts = Enum.GetValues<AuthFault>().Select(AuthFaults.Describe).ToList();
        Assert.Equal(texts.Count, texts.Distinct().Count());
        Assert.All(texts, text => Assert.EndsWith(".", text));
    }
}
