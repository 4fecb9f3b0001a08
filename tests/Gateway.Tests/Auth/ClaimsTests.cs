using System.Globalization;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class ClaimsTests
{
    private static readonly TestSigner Signer = new();
    private readonly ManualTimeProvider time = new();
    private readonly TokenVerifier verifier;

    public ClaimsTests() => verifier = Signer.Verifier(time);

    private Principal? Verify(string payload, out AuthFault fault) => verifier.Verify(Signer.Sign(payload), out fault);

    private static string With(string name, string value)
    {
        var claims = new Dictionary<string, string>
        {
            ["iss"] = "\"iss\"",
            ["aud"] = "\"aud\"",
            ["sub"] = "\"u\"",
            ["exp"] = (TestSigner.Now + 600).ToString(CultureInfo.InvariantCulture),
            [name] = value,
        };
        return "{" + string.Join(',', claims.Select(claim => $"\"{claim.Key}\":{claim.Value}")) + "}";
    }

    [Theory]
    [InlineData("exp", "null")]
    [InlineData("exp", "\"1800000600\"")]
    [InlineData("exp", "true")]
    [InlineData("exp", "[1800000600]")]
    [InlineData("exp", "-1")]
    [InlineData("exp", "1e999")]
    [InlineData("exp", "1800000600000")]
    [InlineData("nbf", "\"0\"")]
    [InlineData("nbf", "null")]
    [InlineData("nbf", "1e300")]
    [InlineData("iat", "\"0\"")]
    [InlineData("iat", "{}")]
    [InlineData("iss", "7")]
    [InlineData("iss", "[\"iss\"]")]
    [InlineData("aud", "7")]
    [InlineData("aud", "null")]
    [InlineData("aud", "{\"aud\":\"aud\"}")]
    [InlineData("aud", "[\"aud\",7]")]
    [InlineData("aud", "[[\"aud\"]]")]
    [InlineData("sub", "7")]
    [InlineData("sub", "null")]
    [InlineData("sub", "[\"u\"]")]
    [InlineData("sub", "\"\"")]
    [InlineData("sub", "\"a/b\"")]
    [InlineData("sub", "\"a\\u002fb\"")]
    [InlineData("sub", "\"a\\nb\"")]
    [InlineData("sub", "\"a\\u007f\"")]
    [InlineData("sub", "\"a\\u0085\"")]
    [InlineData("channels", "null")]
    [InlineData("channels", "[]")]
    [InlineData("channels", "\"*\"")]
    [InlineData("channels", "{\"subscribe\":\"/topic/a\"}")]
    [InlineData("channels", "{\"subscribe\":[7]}")]
    [InlineData("channels", "{\"publish\":[\"\"]}")]
    [InlineData("channels", "{\"publish\":[\"/topic/*/a\"]}")]
    [InlineData("channels", "{\"publish\":[\"/topic/**\"]}")]
    [InlineData("channels", "{\"publish\":[],\"publish\":[]}")]
    [InlineData("rate", "null")]
    [InlineData("rate", "10")]
    [InlineData("rate", "[{}]")]
    [InlineData("rate", "{\"burst\":0}")]
    [InlineData("rate", "{\"burst\":-1}")]
    [InlineData("rate", "{\"burst\":1.5}")]
    [InlineData("rate", "{\"burst\":\"9\"}")]
    [InlineData("rate", "{\"burst\":1000001}")]
    [InlineData("rate", "{\"burst\":99999999999}")]
    [InlineData("rate", "{\"burst\":1,\"burst\":1}")]
    [InlineData("rate", "{\"perSecond\":-0.5}")]
    [InlineData("rate", "{\"perSecond\":1e9}")]
    [InlineData("rate", "{\"perSecond\":1e999}")]
    [InlineData("rate", "{\"perSecond\":null}")]
    [InlineData("rate", "{\"perSecond\":0,\"perSecond\":0}")]
    public void A_claim_of_another_form_is_refused(string name, string value)
    {
        Assert.Null(Verify(With(name, value), out var fault));
        Assert.Equal(AuthFault.BadClaims, fault);
    }

    [Theory]
    [InlineData("iss", "\"is\"", "WrongIssuer")]
    [InlineData("iss", "\"ISS\"", "WrongIssuer")]
    [InlineData("iss", "\"i\\u0073s\"", "None")]
    [InlineData("aud", "\"AUD\"", "WrongAudience")]
    [InlineData("aud", "[]", "WrongAudience")]
    [InlineData("aud", "[\"x\",\"a\\u0075d\"]", "None")]
    [InlineData("exp", "1800000600.75", "None")]
    [InlineData("exp", "1.8000006e9", "None")]
    [InlineData("exp", "0", "Expired")]
    [InlineData("x", "{\"sub\":\"mallory\",\"exp\":0}", "None")]
    [InlineData("jti", "7", "None")]
    public void Values_are_compared_by_meaning_and_exactly(string name, string value, string expected)
    {
        Verify(With(name, value), out var fault);
        Assert.Equal(expected, fault.ToString());
    }

    [Fact]
    public void The_first_reason_in_order_is_told()
    {
        Assert.Null(Verify("""{"iss":"x","aud":"x","exp":1}""", out var fault));
        Assert.Equal(AuthFault.Expired, fault);
        Assert.Null(Verify("""{"iss":"x","aud":"x","exp":1800000600}""", out fault));
        Assert.Equal(AuthFault.WrongIssuer, fault);
        Assert.Null(Verify("""{"iss":"iss","aud":"x","exp":1800000600}""", out fault));
        Assert.Equal(AuthFault.WrongAudience, fault);
        Assert.Null(Verify("""{"iss":"iss","aud":"aud","exp":1800000600}""", out fault));
        Assert.Equal(AuthFault.BadClaims, fault);
    }

    [Fact]
    public void A_user_id_holds_up_to_200_bytes()
    {
        var longest = new string('u', 196) + "\U0001F600";
        Assert.Equal(longest, Verify(With("sub", $"\"{longest}\""), out _)!.UserId);
        Assert.Equal(longest, Verify(With("sub", $"\"{new string('u', 196)}\\ud83d\\ude00\""), out _)!.UserId);
        Assert.Null(Verify(With("sub", $"\"u{longest}\""), out var fault));
        Assert.Equal(AuthFault.BadClaims, fault);
        Assert.Null(Verify(With("sub", $"\"{new string('u', 3000)}\""), out fault));
        Assert.Equal(AuthFault.BadClaims, fault);
        Assert.NotNull(Verify(With("sub", $"\"{string.Concat(Enumerable.Repeat("\\u0075", 200))}\""), out _));
        Assert.True(Principal.IsUserId("J\u00fcrgen Doe:1"));
        Assert.False(Principal.IsUserId("\ud83d"));
    }

    [Fact]
    public void Rate_and_roles_are_read()
    {
        var principal = Verify(TestSigner.Claims(""","rate":{"burst":7,"perSecond":0,"x":[1]},"roles":["ops","admin"]"""), out _)!;
        Assert.Equal((7, 0d), (principal.Burst, principal.PerSecond));
        Assert.True(principal.IsAdmin);
        Assert.False(principal.HasRole("ops"));
        Assert.False(principal.HasRole("Admin"));
        principal = Verify(TestSigner.Claims(""","rate":{"perSecond":2.5},"roles":[]"""), out _)!;
        Assert.Equal((100, 2.5), (principal.Burst, principal.PerSecond));
        Assert.False(principal.IsAdmin);
    }

    [Theory]
    [InlineData("\"admin\"", "admin")]
    [InlineData("\"service\"", "service")]
    [InlineData("\"adm\\u0069n\"", "admin")]
    [InlineData("[\"service\",\"admin\",\"admin\"]", "admin service")]
    [InlineData("[\"admin\",7,null,{\"admin\":1},[\"service\"],\"\"]", "admin")]
    [InlineData("\"\"", "")]
    [InlineData("\"admin service\"", "")]
    [InlineData("7", "")]
    [InlineData("null", "")]
    [InlineData("{\"roles\":[\"admin\"]}", "")]
    public void Roles_of_any_form_lock_nobody_out_and_only_known_ones_count(string value, string roles)
    {
        var principal = Verify(With("roles", value), out var fault);
        Assert.Equal(AuthFault.None, fault);
        Assert.Equal(roles, string.Join(' ', Principal.Roles.Where(principal!.HasRole)));
    }

    [Fact]
    public void Roles_of_others_cost_nothing_however_many_and_long()
    {
        string Roles(int count, int length) => "[" + string.Join(',', Enumerable.Repeat($"\"{new string('r', length)}\"", count)) + "]";
        Assert.False(Verify(With("roles", Roles(500, 1)), out _)!.IsAdmin);
        Assert.False(Verify(With("roles", Roles(1, 3000)), out _)!.IsAdmin);
    }

    [Theory]
    [InlineData("60", 60)]
    [InlineData("60.0", 60)]
    [InlineData("6e1", 60)]
    [InlineData("6.0E+1", 60)]
    [InlineData("600e-1", 60)]
    [InlineData("1000000.000", 1_000_000)]
    public void A_whole_number_may_be_written_in_every_way_that_JSON_has(string value, int burst)
    {
        Assert.Equal(burst, Verify(With("rate", $"{{\"burst\":{value}}}"), out _)!.Burst);
        Assert.True(JsonWhole.TryRead(System.Text.Encoding.UTF8.GetBytes(value), out var read));
        Assert.Equal(burst, read);
    }

    [Theory]
    [InlineData("60.5")]
    [InlineData("6e-1")]
    [InlineData("2147483648")]
    [InlineData("1e999")]
    [InlineData("-2147483649")]
    public void What_is_not_whole_or_too_large_is_none(string value) =>
        Assert.False(JsonWhole.TryRead(System.Text.Encoding.UTF8.GetBytes(value), out _));

    // Each bound is moved outwards by 30 s: valid from nbf - 30 s inclusive, to exp + 30 s exclusive.
    [Theory]
    [InlineData("exp", -29_999, "None")]
    [InlineData("exp", -30_000, "Expired")]
    [InlineData("exp", -30_001, "Expired")]
    [InlineData("nbf", 30_000, "None")]
    [InlineData("nbf", 30_001, "NotYetValid")]
    [InlineData("iat", 30_000, "None")]
    [InlineData("iat", 30_001, "NotYetValid")]
    [InlineData("iat", -9_000_000, "None")]
    public void The_skew_ends_to_the_millisecond(string claim, int offsetMs, string expected)
    {
        var at = (TestSigner.Now + offsetMs / 1000m).ToString(CultureInfo.InvariantCulture);
        Verify(With(claim, at), out var fault);
        Assert.Equal(expected, fault.ToString());
    }

    [Fact]
    public void The_later_of_nbf_and_iat_counts()
    {
        Verify(TestSigner.Claims(",\"nbf\":1800000100,\"iat\":1"), out var fault);
        Assert.Equal(AuthFault.NotYetValid, fault);
        Verify(TestSigner.Claims(",\"nbf\":1,\"iat\":1800000100"), out fault);
        Assert.Equal(AuthFault.NotYetValid, fault);
        time.Advance(TimeSpan.FromSeconds(70));
        Assert.NotNull(Verify(TestSigner.Claims(",\"nbf\":1800000100,\"iat\":1"), out _));
    }

    [Fact]
    public void Equal_channels_share_one_acl()
    {
        var first = Verify(TestSigner.Claims(""","channels":{"subscribe":["/topic/a"]},"jti":"1" """), out _)!;
        var second = Verify(TestSigner.Claims(""","channels":{"subscribe":["/topic/a"]},"jti":"2" """), out _)!;
        var other = Verify(TestSigner.Claims(""","channels":{"subscribe":["/topic/b"]}"""), out _)!;
        Assert.NotSame(first, second);
        Assert.Same(first.Acl, second.Acl);
        Assert.NotSame(first.Acl, other.Acl);
        Assert.True(other.Acl.MaySubscribe("/topic/b"u8));
        Assert.False(other.Acl.MaySubscribe("/topic/a"u8));
    }
}
