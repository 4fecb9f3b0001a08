using System.Net;
using System.Text;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Tests.Transport;

namespace FastPush.Gateway.Tests.Http;

/// <summary>What HTTP clients, caches and pages of other origins expect of every path.</summary>
public sealed class HttpFormsTests(HttpFormsTests.Fixture fixture) : IClassFixture<HttpFormsTests.Fixture>, IDisposable
{
    private const string App = "https://app.example";

    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    private Task<HttpResponseMessage> SendAsync(string method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.RelativeOrAbsolute));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (method == "POST")
        {
            request.Content = new StringContent("{", Encoding.UTF8, "application/json");
        }

        return _gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static string Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values)
            ? string.Join(", ", values)
            : "";

    [Theory]
    [InlineData("/")]
    [InlineData("/app.js")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/actuator/health/readiness")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/api/v1/info")]
    [InlineData("/api/v1/presence/alice")]
    [InlineData("/api/v1/messages/1/deliveries")]
    [InlineData("/sse?destination=/topic/a")]
    [InlineData("/stomp")]
    [InlineData("/nowhere")]
    public async Task HEAD_answers_as_GET_does_without_a_body(string path)
    {
        var token = await _gateway.TokenAsync("alice");
        using var get = await SendAsync("GET", path, ("Authorization", $"Bearer {token}"));
        using var head = await SendAsync("HEAD", path, ("Authorization", $"Bearer {token}"));
        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Behind_the_answer_to_HEAD_the_connection_goes_on()
    {
        var token = await _gateway.TokenAsync("alice");
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync($"HEAD /sse?destination=/topic/a&token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
        Assert.Contains("text/event-stream", head, StringComparison.Ordinal);
        await client.SendAsync("HEAD /sse HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/live", "GET, HEAD, OPTIONS")]
    [InlineData("/sse", "GET, HEAD, OPTIONS")]
    [InlineData("/api/v1/messages", "POST, OPTIONS")]
    [InlineData("/", "GET, HEAD, OPTIONS")]
    [InlineData("/app.js", "GET, HEAD, OPTIONS")]
    public async Task OPTIONS_says_what_a_path_takes(string path, string methods)
    {
        using var answer = await SendAsync("OPTIONS", path);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(methods, Header(answer, "Allow"));
    }

    [Fact]
    public async Task Another_method_is_405_and_the_path_is_said_to_take_HEAD()
    {
        using var delete = await SendAsync("DELETE", "/metrics");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, delete.StatusCode);
        Assert.Equal("GET, HEAD, OPTIONS", Header(delete, "Allow"));
        using var head = await SendAsync("HEAD", "/api/v1/messages");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, head.StatusCode);
        using var nowhere = await SendAsync("OPTIONS", "/nowhere");
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/sse?destination=/topic/a", 401)]
    [InlineData("GET", "/sse?token=TOKEN", 400)]
    [InlineData("GET", "/sse?token=TOKEN&destination=/user/b/queue/q", 403)]
    [InlineData("GET", "/sse?token=TOKEN&destination=/topic/a", 200)]
    [InlineData("POST", "/api/v1/messages", 401)]
    [InlineData("POST", "/api/v1/messages?token=TOKEN", 400)]
    [InlineData("GET", "/api/v1/messages/1/deliveries?token=TOKEN", 404)]
    [InlineData("GET", "/api/v1/messages", 405)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("GET", "/metrics", 200)]
    [InlineData("GET", "/app.js", 200)]
    public async Task Pages_of_a_named_origin_may_read_every_answer(string method, string path, int status)
    {
        path = path.Replace("TOKEN", await _gateway.TokenAsync("alice"), StringComparison.Ordinal);
        var own = _gateway.Address.GetLeftPart(UriPartial.Authority);
        foreach (var (origin, isAllowed) in new[]
        {
            (App, true), (own, true), ("https://evil.example", false), ("null", false), ("", false),
        })
        {
            using var answer = await SendAsync(method, path, origin.Length == 0 ? [] : [("Origin", origin)]);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal(isAllowed ? origin : "", Header(answer, "Access-Control-Allow-Origin"));
            Assert.Equal(isAllowed, Header(answer, "Access-Control-Expose-Headers").Contains("Retry-After", StringComparison.Ordinal));
            Assert.Contains("Origin", Header(answer, "Vary"), StringComparison.Ordinal);
            Assert.Empty(Header(answer, "Access-Control-Allow-Credentials"));
        }
    }

    [Theory]
    [InlineData("gzip", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("identity", HttpStatusCode.Accepted)]
    public async Task A_body_under_a_coding_is_told_that_none_is_known(string coding, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/messages", UriKind.Relative));
        request.Headers.Add("Authorization", $"Bearer {await _gateway.TokenAsync("backend")}");
        request.Content = new StringContent("""{"to":{"topic":"a"},"payload":1}""", Encoding.UTF8, "application/json");
        request.Content.Headers.ContentEncoding.Add(coding);
        using var answer = await _gateway.Http.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.Accepted ? "" : "identity", Header(answer, "Accept-Encoding"));
    }

    [Theory]
    [InlineData("/api/v1/messages")]
    [InlineData("/sse?destination=/topic/a")]
    public async Task A_preflight_allows_a_token_and_a_place_to_resume(string path)
    {
        (string, string)[] asks = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization")];
        using var answer = await SendAsync("OPTIONS", path, [("Origin", App), .. asks]);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(App, Header(answer, "Access-Control-Allow-Origin"));
        Assert.Equal("Authorization, Content-Type, Last-Event-ID", Header(answer, "Access-Control-Allow-Headers"));
        Assert.Contains("POST", Header(answer, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        using var refused = await SendAsync("OPTIONS", path, [("Origin", "https://evil.example"), .. asks]);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Empty(Header(refused, "Access-Control-Allow-Origin"));
        Assert.Contains("Origin", Header(refused, "Vary"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thousand_destinations_and_the_longest_token_fit_into_a_request()
    {
        var destinations = string.Concat(Enumerable.Range(1000, 1000).Select(i => $"&destination=%2Ftopic%2Froom.of.many.{i}"));
        using var many = await SendAsync("HEAD", $"/sse?token={await _gateway.TokenAsync("alice")}{destinations}");
        Assert.Equal(HttpStatusCode.OK, many.StatusCode);

        // Too long a token would be told apart by its answer.
        var token = await _gateway.TokenAsync("alice", string.Concat(Enumerable.Repeat($"&subscribe=/topic/{new string('x', 180)}", 28)));
        Assert.InRange(token.Length, 7_000, 8_192);
        using var byQuery = await SendAsync("HEAD", $"/sse?destination=/user/queue/q&token={token}");
        using var byHeader = await SendAsync("HEAD", "/sse?destination=/user/queue/q", ("Authorization", $"Bearer {token}"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (byQuery.StatusCode, byHeader.StatusCode));
    }

    [Theory]
    [InlineData(64 << 10, 0, "414", true)]
    [InlineData(1 << 20, 0, "414", false)]
    [InlineData(0, 32 << 10, "431", true)]
    [InlineData(0, 1 << 20, "431", false)]
    public async Task Too_long_a_head_is_refused(int target, int header, string status, bool hasBody)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(
            $"GET /health/live?{new string('x', target)} HTTP/1.1\r\nHost: localhost\r\nX-A: {new string('y', header)}\r\n\r\n");
        var head = await client.HeadAsync();
        Assert.StartsWith($"HTTP/1.1 {status}", head, StringComparison.Ordinal);
        Assert.Equal(hasBody, head.Contains("application/problem+json", StringComparison.OrdinalIgnoreCase));
    }

    public sealed class Fixture() : GatewayFixture($"--FastPush:Origins:0={App}");
}
