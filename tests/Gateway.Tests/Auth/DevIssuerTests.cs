using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class DevIssuerTests : IDisposable
{
    private readonly ManualTimeProvider time = new();
    private readonly DevIssuer issuer;
    private readonly TokenVerifier verifier;

    public DevIssuerTests()
    {
        issuer = new DevIssuer(time);
        verifier = new TokenVerifier(KeySource.Fixed(issuer.Keys), DevIssuer.Options(new JwtOptions()), time);
    }

    public void Dispose() => issuer.Dispose();

    private Principal? Verify(string token, out AuthFault fault) => verifier.Verify(Encoding.ASCII.GetBytes(token), out fault);

    [Fact]
    public void The_defaults_allow_topics_and_sending_to_users_for_an_hour()
    {
        var principal = Verify(issuer.Issue("alice"), out _)!;
        Assert.Equal("alice", principal.UserId);
        Assert.True(principal.Acl.MaySubscribe("/topic/a"u8));
        Assert.True(principal.Acl.MayPublish("/topic/a"u8));
        Assert.True(principal.Acl.MayPublish("/user/bob/queue/messages"u8));
        Assert.False(principal.Acl.MaySubscribe("/user/bob/queue/messages"u8));
        Assert.False(principal.IsAdmin);
        Assert.Equal((100, 10d), (principal.Burst, principal.PerSecond));
        Assert.Equal(time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds(), principal.ExpiresAtMs);
    }

    [Fact]
    public void What_is_asked_for_is_in_the_token()
    {
        var token = issuer.Issue("J\u00fcrgen \"J\"", ["/topic/s"], [], burst: 5, perSecond: 0.5, roles: ["admin"], ttlSeconds: 60);
        var principal = Verify(token, out _)!;
        Assert.Equal("J\u00fcrgen \"J\"", principal.UserId);
        Assert.True(principal.Acl.MaySubscribe("/topic/s"u8));
        Assert.False(principal.Acl.MaySubscribe("/topic/t"u8));
        Assert.False(principal.Acl.MayPublish("/topic/s"u8));
        Assert.True(principal.IsAdmin);
        Assert.Equal((5, 0.5), (principal.Burst, principal.PerSecond));
        time.Advance(TimeSpan.FromSeconds(90));
        Assert.Null(Verify(token, out var fault));
        Assert.Equal(AuthFault.Expired, fault);
    }

    [Fact]
    public void Each_process_has_a_key_of_its_own()
    {
        using var other = new DevIssuer(time);
        Assert.Null(Verify(other.Issue("alice"), out var fault));
        Assert.Equal(AuthFault.BadSignature, fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    public void A_user_that_no_token_can_hold_is_refused(string user) =>
        Assert.Throws<ArgumentException>(() => issuer.Issue(user));
}
