using System.Net;
using FastPush.Gateway.Tests.Testing;
using GatewayState = FastPush.Redis.Testing.GatewayState;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>
/// A node that takes no new streams for the moment: who asks for events by name is sent away in a way after which a browser's
/// <c>EventSource</c> comes back (<c>tests/e2e/postponed.test.mjs</c> has real ones); everybody else sees that it is not served.
/// </summary>
public sealed class PostponedStreamTests
{
    [Fact]
    public async Task While_it_waits_for_Redis()
    {
        await using var gateway = await GatewayProcess.StartAsync(["--FastPush:Redis=127.0.0.1:1"], GatewayState.Live);
        await CheckAsync(gateway);
    }

    [Fact]
    public async Task While_it_drains()
    {
        await using var gateway = await GatewayProcess.StartAsync("--FastPush:Drain:ReadinessMs=20000");
        using var held = await RawClient.StompAsync(gateway, "alice");
        var token = await gateway.TokenAsync("reader");
        gateway.Terminate();
        await Deadline.Until(async () => await gateway.StatusAsync("/health/ready") == 503);
        await CheckAsync(gateway, token);
    }

    private static async Task CheckAsync(GatewayProcess gateway, string? token = null)
    {
        token ??= await gateway.TokenAsync("reader");
        using (var other = await AskAsync(gateway, token, "*/*"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, other.StatusCode);
            Assert.Equal("application/problem+json", other.Content.Headers.ContentType?.MediaType);
            Assert.InRange(other.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3);
        }

        using var stream = await AskAsync(gateway, token, "text/event-stream");
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
        Assert.InRange(stream.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 3);
        Assert.True(stream.Headers.ConnectionClose);
        var lines = (await stream.Content.ReadAsStringAsync()).Split('\n');
        Assert.StartsWith("retry: ", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.StartsWith("data", StringComparison.Ordinal));

        // The token counts before that: a stream that can never open is not told to come back.
        using var refused = await AskAsync(gateway, "nonsense", "text/event-stream");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static Task<HttpResponseMessage> AskAsync(GatewayProcess gateway, string token, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/sse?destination=/topic/x&token={token}", UriKind.Relative));
        request.Headers.Accept.ParseAdd(accept);
        return gateway.Http.SendAsync(request);
    }
}
