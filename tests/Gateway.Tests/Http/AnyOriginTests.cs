using System.Net;
using FastPush.Gateway.Tests.Transport;

namespace FastPush.Gateway.Tests.Http;

/// <summary><c>FastPush:Origins</c> with a star.</summary>
public sealed class AnyOriginTests(AnyOriginTests.Fixture fixture) : IClassFixture<AnyOriginTests.Fixture>
{
    private readonly GatewayProcess _gateway = fixture.Gateway;

    [Theory]
    [InlineData("https://anybody.example")]
    [InlineData("null")]
    public async Task Pages_of_any_origin_may_read_answers_but_get_no_development_token(string origin)
    {
        foreach (var (path, status) in new[] { ("/metrics", HttpStatusCode.OK), ("/dev/token?user=u", HttpStatusCode.Forbidden) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            request.Headers.Add("Origin", origin);
            using var answer = await _gateway.Http.SendAsync(request);
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal("*", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        }
    }

    public sealed class Fixture() : GatewayFixture("--FastPush:Origins:0=*");
}
