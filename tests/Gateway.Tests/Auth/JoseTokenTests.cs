using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

/// <summary>Tokens of another implementation, and the well-known attacks on verifiers.</summary>
public sealed class JoseTokenTests(JoseFixture jose) : IClassFixture<JoseFixture>
{
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["good"] = "None",
        ["typed"] = "None",
        ["second"] = "None",
        ["noKid"] = "UnknownKey",
        ["unknownKid"] = "UnknownKey",
        ["emptyKid"] = "UnknownKey",
        ["swappedKid"] = "BadSignature",
        ["strangersKey"] = "BadSignature",
        ["algNone"] = "Malformed",
        ["algNoneWithSignature"] = "WrongAlgorithm",
        ["hs256WithPublicPem"] = "WrongAlgorithm",
        ["hs256WithModulus"] = "WrongAlgorithm",
        ["rs512"] = "WrongAlgorithm",
        ["ps256"] = "WrongAlgorithm",
        ["ps256CalledRs256"] = "BadSignature",
        ["lowerCaseAlg"] = "WrongAlgorithm",
        ["tamperedPayload"] = "BadSignature",
        ["tamperedHeader"] = "BadSignature",
        ["tamperedSignature"] = "BadSignature",
        ["expired"] = "Expired",
        ["expiredWithinSkew"] = "None",
        ["notYetValid"] = "NotYetValid",
        ["notYetValidWithinSkew"] = "None",
        ["futureIat"] = "NotYetValid",
        ["wrongIssuer"] = "WrongIssuer",
        ["missingIssuer"] = "WrongIssuer",
        ["wrongAudience"] = "WrongAudience",
        ["missingAudience"] = "WrongAudience",
        ["audienceArray"] = "None",
        ["audienceArrayWithoutUs"] = "WrongAudience",
        ["audienceEmptyArray"] = "WrongAudience",
        ["oversized"] = "TooLarge",
        ["missingSub"] = "BadClaims",
        ["emptySub"] = "BadClaims",
        ["subWithSlash"] = "BadClaims",
        ["subWithControl"] = "BadClaims",
        ["missingExp"] = "BadClaims",
        ["expAsString"] = "BadClaims",
        ["critHeader"] = "Malformed",
        ["unencodedPayload"] = "Malformed",
        ["embeddedJwk"] = "UnknownKey",
        ["embeddedJwkKnownKid"] = "BadSignature",
        ["remoteKeys"] = "UnknownKey",
        ["ignoredHints"] = "None",
    };

    public static TheoryData<string> Names => [.. Expected.Keys];

    [Fact]
    public void Every_token_made_has_an_expectation() =>
        Assert.Equal(jose.TokenNames.Order(), Expected.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void A_token_is_judged_by_a_key_set(string name)
    {
        var verifier = jose.Verifier("jwks");
        var principal = verifier.Verify(jose.Token(name), out var fault);
        Assert.Equal(Expected[name], fault.ToString());
        Assert.Equal(fault == AuthFault.None, principal is not null);
        Assert.Equal(fault == AuthFault.None ? 1 : 0, verifier.Cached);
    }

    [Fact]
    public void A_good_token_says_who_may_do_what()
    {
        var principal = jose.Verifier("jwks").Verify(jose.Token("good"), out _)!;
        Assert.Equal("alice", principal.UserId);
        Assert.Equal((TestSigner.Now + 600) * 1000, principal.ExpiresAtMs);
        Assert.True(principal.Acl.MaySubscribe("/topic/room.7"u8));
        Assert.False(principal.Acl.MayPublish("/topic/room.7"u8));
        Assert.True(principal.Acl.MayPublish("/user/bob/queue/messages"u8));
        Assert.Equal((100, 10d), (principal.Burst, principal.PerSecond));
        Assert.False(principal.IsAdmin);
    }

    [Theory]
    [InlineData("jwksOfOne", "good", "None")]
    [InlineData("jwksOfOne", "noKid", "None")]
    [InlineData("jwksOfOne", "unknownKid", "UnknownKey")]
    [InlineData("jwksOfOne", "emptyKid", "UnknownKey")]
    [InlineData("jwksOfOne", "second", "UnknownKey")]
    [InlineData("spki", "good", "None")]
    [InlineData("spki", "noKid", "None")]
    [InlineData("spki", "unknownKid", "None")]
    [InlineData("spki", "second", "BadSignature")]
    [InlineData("spki", "hs256WithPublicPem", "WrongAlgorithm")]
    [InlineData("spki", "embeddedJwk", "BadSignature")]
    [InlineData("pkcs1", "good", "None")]
    [InlineData("pkcs1", "strangersKey", "BadSignature")]
    public void One_key_is_found_by_its_name_or_as_the_only_one(string keys, string token, string expected)
    {
        jose.Verifier(keys).Verify(jose.Token(token), out var fault);
        Assert.Equal(expected, fault.ToString());
    }

    [Fact]
    public void No_changed_character_is_accepted()
    {
        var verifier = jose.Verifier("jwks");
        var token = jose.Token("good");
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToArray();
            changed[i] = changed[i] == (byte)'A' ? (byte)'B' : (byte)'A';
            Assert.Null(verifier.Verify(changed, out _));
            Assert.Null(verifier.Verify(token.AsSpan(0, i), out _));
        }

        Assert.NotNull(verifier.Verify(token, out _));
    }

    [Theory]
    [InlineData("privatePem")]
    [InlineData("ellipticPem")]
    public void A_pem_of_something_else_is_refused(string keys)
    {
        Assert.False(PemKeyReader.TryRead(Encoding.ASCII.GetBytes(jose.KeyText(keys)), out var set, out var fault));
        Assert.Null(set);
        Assert.NotEmpty(fault);
    }

    [Fact]
    public void Keys_for_other_purposes_are_left_out_of_the_set()
    {
        Assert.True(JwksReader.TryRead(Encoding.UTF8.GetBytes(jose.KeyText("jwks")), out var keys, out _));
        Assert.Equal(2, keys!.Count);
        Assert.NotNull(keys.Find("two"u8));
        Assert.Null(keys.Find("sealing"u8));
        Assert.Null(keys.Find("pss"u8));
        Assert.Null(keys.FindWithoutKid());
    }
}
