using System.Net;
using System.Net.Http.Headers;
using System.Text;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Tests.Transport;

namespace FastPush.Gateway.Tests.Review;

/// <summary>JSON that is no text is the sender's fault, not the gateway's.</summary>
public sealed class HttpTextTests(HttpTextTests.Fixture fixture) : IClassFixture<HttpTextTests.Fixture>, IDisposable
{
    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    [Theory]
    [InlineData("""{"to":{"topic":"a"},"type":"\ud800","payload":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"to":{"topic":"\ud800"},"payload":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"to":{"users":["\udfff"]},"payload":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"\ud800":1}""", HttpStatusCode.BadRequest)]
    [InlineData("{\"to\":{\"topic\":\"a\"},\"payload\":\"\u00FF\"}", HttpStatusCode.BadRequest)]
    [InlineData("""{"to":{"topic":"a"},"payload":"\ud83d\ude00"}""", HttpStatusCode.Accepted)]
    public async Task Halves_of_surrogate_pairs_and_octets_that_are_no_UTF_8(string latin1, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/messages")
        {
            Content = new ByteArrayContent(Encoding.Latin1.GetBytes(latin1)),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await _gateway.TokenAsync("alice"));
        using var response = await _gateway.Http.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
    }

    public sealed class Fixture() : GatewayFixture();
}
