using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class OriginPolicyTests
{
    private static bool Allows(string[] origins, string origin, string host)
    {
        Assert.Empty(OriginPolicy.Validate(origins));
        return new OriginPolicy(origins).Allows(Encoding.Latin1.GetBytes(origin), Encoding.Latin1.GetBytes(host));
    }

    [Theory]
    [InlineData("http://push.example:8080", "push.example:8080", true)]
    [InlineData("http://PUSH.example:8080", "push.EXAMPLE:8080", true)]
    [InlineData("https://push.example", "push.example", true)]
    [InlineData("https://push.example", "push.example:443", true)]
    [InlineData("http://push.example:80", "push.example", true)]
    [InlineData("http://[::1]:8080", "[::1]:8080", true)]
    [InlineData("https://push.example", "push.example:80", false)]
    [InlineData("http://push.example", "push.example:443", false)]
    [InlineData("http://push.example:8081", "push.example:8080", false)]
    [InlineData("http://push.example", "push.example:8080", false)]
    [InlineData("http://evil.push.example:8080", "push.example:8080", false)]
    [InlineData("http://push.example:8080.evil.example", "push.example:8080", false)]
    [InlineData("null", "push.example:8080", false)]
    [InlineData("null", "null", false)]
    [InlineData("http://", "", false)]
    [InlineData("http://push.example", "", false)]
    [InlineData("push.example", "push.example", false)]
    [InlineData("", "push.example", true)]
    [InlineData("", "", true)]
    public void Without_a_list_only_pages_of_the_same_host(string origin, string host, bool allowed) =>
        Assert.Equal(allowed, Allows([], origin, host));

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://APP.example", true)]
    [InlineData("HTTPS://app.example", true)]
    [InlineData("https://app.example:443", true)]
    [InlineData("http://app.example", false)]
    [InlineData("https://app.example:8443", false)]
    [InlineData("https://app.example.evil.example", false)]
    [InlineData("https://app.example/", false)]
    [InlineData("https://other.example:9000", true)]
    [InlineData("https://other.example", false)]
    [InlineData("https://app.example, https://evil.example", false)]
    [InlineData("https://push.example", true)]
    [InlineData("https://push.example:8443", false)]
    [InlineData("null", false)]
    [InlineData("https://\u00e4pp.example", false)]
    [InlineData("", true)]
    public void With_a_list_its_members_and_pages_of_the_same_host(string origin, bool allowed) =>
        Assert.Equal(allowed, Allows(["https://app.example", "https://other.example:9000"], origin, "push.example"));

    [Theory]
    [InlineData("https://anything.example")]
    [InlineData("null")]
    [InlineData("")]
    public void A_star_allows_any(string origin) => Assert.True(Allows(["https://app.example", "*"], origin, "push.example"));

    [Fact]
    public void A_written_default_port_means_the_same() =>
        Assert.True(Allows(["https://app.example:443"], "https://app.example", "push.example"));

    [Theory]
    [InlineData("")]
    [InlineData("app.example")]
    [InlineData("app.example:8080")]
    [InlineData("https://")]
    [InlineData("https://app.example/")]
    [InlineData("https://app.example/path")]
    [InlineData("https://app.example?x")]
    [InlineData("https://user@app.example")]
    [InlineData("https://*.example")]
    [InlineData("https://app.example:")]
    [InlineData("https://app.example:99999")]
    [InlineData("https://\u00e4pp.example")]
    [InlineData("null")]
    public void A_member_that_is_no_origin_is_told_with_its_key(string origin) =>
        Assert.StartsWith("FastPush:Origins:1: ", Assert.Single(OriginPolicy.Validate(["https://app.example", origin])));
}
