using System.Net;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>The first bytes of a connection, as servers get them from the internet.</summary>
public sealed class UpgradeTests(UpgradeTests.Fixture fixture) : IClassFixture<UpgradeTests.Fixture>, IDisposable
{
    private const string Connect = "CONNECT\naccept-version:1.2\n\n";

    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    private async Task<(string Head, string Body)> AskAsync(string request)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(request);
        var answer = await client.ResponseAsync();
        Assert.Contains("application/problem+json", answer.Head, StringComparison.OrdinalIgnoreCase);
        return answer;
    }

    [Theory]
    [InlineData("tooshort", "13", "HTTP/1.1 400")]
    [InlineData(RawClient.Key, "12", "HTTP/1.1 426")]
    public async Task An_upgrade_that_is_wrong_is_told_why(string key, string version, string status)
    {
        var (head, body) = await AskAsync(RawClient.Upgrade(key: key, version: version));
        Assert.StartsWith(status, head, StringComparison.Ordinal);
        Assert.Contains("\"detail\"", body, StringComparison.Ordinal);
        Assert.Equal(version == "12", head.Contains("Sec-WebSocket-Version: 13", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Too_large_a_head_is_431_and_the_answer_arrives()
    {
        var (head, _) = await AskAsync(RawClient.Upgrade(headers: $"X-Big: {new string('x', 64 << 10)}\r\n"));
        Assert.StartsWith("HTTP/1.1 431", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("http://localhost", true)]
    public async Task A_browser_may_come_from_the_gateways_own_origin_only(string origin, bool allowed)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(RawClient.Upgrade(headers: $"Origin: {origin}\r\n"));
        Assert.StartsWith(allowed ? "HTTP/1.1 101" : "HTTP/1.1 403", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_token_is_401()
    {
        foreach (var request in new[]
        {
            RawClient.Upgrade("/stomp?token=nonsense"),
            RawClient.Upgrade(headers: "Authorization: Bearer nonsense\r\n"),
        })
        {
            var (head, body) = await AskAsync(request);
            Assert.StartsWith("HTTP/1.1 401", head, StringComparison.Ordinal);
            Assert.Contains("WWW-Authenticate: Bearer", head, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("401", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_token_is_taken_from_the_header_the_query_and_CONNECT()
    {
        var token = await _gateway.TokenAsync("alice");
        foreach (var (upgrade, connect) in new[]
        {
            (RawClient.Upgrade(headers: $"Authorization: Bearer {token}\r\n"), Connect),
            (RawClient.Upgrade($"/stomp?token={token}"), Connect),
            (RawClient.Upgrade(), $"CONNECT\naccept-version:1.2\npasscode:{token}\n\n"),
            (RawClient.Upgrade(), $"CONNECT\naccept-version:1.2\nAuthorization:Bearer {token}\n\n"),
        })
        {
            using var client = await RawClient.OpenAsync(_gateway);
            await client.SendAsync(upgrade);
            Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
            await client.StompAsync(connect);
            Assert.Equal("alice", (await client.NextAsync())["user-name"]);
        }
    }

    [Theory]
    [InlineData("v12.stomp, v11.stomp", "v12.stomp")]
    [InlineData("v10.stomp", "v10.stomp")]
    [InlineData("mqtt", null)]
    public async Task A_subprotocol_that_both_know_is_chosen(string offered, string? chosen)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(RawClient.Upgrade(headers: $"Sec-WebSocket-Protocol: {offered}\r\n"));
        var head = await client.HeadAsync();
        Assert.StartsWith("HTTP/1.1 101", head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(chosen is not null, head.Contains("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(chosen is null ? "101" : $"Sec-WebSocket-Protocol: {chosen}", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Frames_may_come_in_the_packet_of_the_upgrade()
    {
        var token = await _gateway.TokenAsync("alice");
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(
        [
            .. System.Text.Encoding.ASCII.GetBytes(RawClient.Upgrade($"/stomp?token={token}")),
            .. ClientBytes.Stomp(Connect),
            .. ClientBytes.Stomp("SEND\ndestination:/topic/a\nreceipt:r\n\nx"),
        ]);
        Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("CONNECTED", (await client.NextAsync()).Command);
        Assert.Equal("r", (await client.NextAsync())["receipt-id"]);
    }

    [Fact]
    public async Task Everything_may_come_one_byte_at_a_time()
    {
        var token = await _gateway.TokenAsync("alice");
        using var client = await RawClient.OpenAsync(_gateway);
        byte[] bytes = [.. System.Text.Encoding.ASCII.GetBytes(RawClient.Upgrade($"/stomp?token={token}")), .. ClientBytes.Stomp(Connect)];
        foreach (var one in bytes)
        {
            await client.SendAsync([one]);
        }

        Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("CONNECTED", (await client.NextAsync()).Command);
    }

    [Fact]
    public async Task Other_requests_go_on_to_HTTP_untouched_and_may_be_pipelined()
    {
        using var client = await RawClient.OpenAsync(_gateway);
        const string Get = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
        await client.SendAsync(Get + Get + "GET /st");
        await client.SendAsync("omp HTTP/1.1\r\nHost: localhost\r\n\r\n");
        foreach (var status in new[] { "200", "200", "426" })
        {
            var head = await client.HeadAsync();
            Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
            if (head.Contains("chunked", StringComparison.OrdinalIgnoreCase))
            {
                await client.HeadAsync(); // The one chunk and the empty one end with an empty line.
            }
            else
            {
                await client.BodyAsync(head);
            }
        }
    }

    [Theory]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 426")]
    [InlineData("GET /stompers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 404")]
    [InlineData("POST /stomp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405")]
    [InlineData("\0\u0001\u0002\u0003garbage\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /stomp\r\n\r\n", "HTTP/1.1 400")]
    public async Task What_is_no_upgrade_is_answered_by_HTTP(string request, string answer)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(request);
        Assert.StartsWith(answer, await client.TextToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_TLS_hello_on_the_plain_port_ends_the_connection()
    {
        using var client = await RawClient.OpenAsync(_gateway);
        byte[] hello = [0x16, 3, 1, 0, 0x2F, 1, 0, 0, 0x2B, 3, 3, .. new byte[33], 0, 2, 0x13, 1, 1, 0, 0, 0];
        await client.SendAsync(hello);
        Assert.DoesNotContain("101", await client.TextToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_ends_before_it_says_anything_leaves_nothing()
    {
        for (var i = 0; i < 20; i++)
        {
            using var client = await RawClient.OpenAsync(_gateway);
            if (i % 2 == 0)
            {
                await client.SendAsync("GET /sto");
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await _gateway.Http.GetAsync("/health/live")).StatusCode);
    }

    public sealed class Fixture : GatewayFixture;
}
