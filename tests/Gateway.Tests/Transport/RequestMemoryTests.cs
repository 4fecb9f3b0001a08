using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>Request bodies and event streams against a small memory, over real sockets.</summary>
public sealed class RequestMemoryTests(RequestMemoryTests.Fixture fixture) : IClassFixture<RequestMemoryTests.Fixture>, IDisposable
{
    private const long MemoryBytes = 32 << 20;
    private const long ShareBytes = MemoryBytes / 16;
    private const int FrameBytes = 256 << 10;
    private const string Memory = "push_message_memory_bytes";
    private const string Rate = "&burst=100000&perSecond=100000";

    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    [Fact]
    public async Task The_body_of_somebody_without_rights_is_not_read()
    {
        var token = await _gateway.TokenAsync("nobody", "&subscribe=/topic/*&publish=");
        using var client = await PostAsync(token, 4 << 20, 0);
        Assert.StartsWith("HTTP/1.1 403", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_that_do_not_end_fill_the_share_of_their_sender_who_is_told()
    {
        var token = await _gateway.TokenAsync("mallory", Rate);
        var before = await _gateway.MetricAsync(Memory);
        List<RawClient> slow = [];
        try
        {
            for (var i = 0; i < 40; i++)
            {
                slow.Add(await PostAsync(token, 4 << 20, 200_000));
            }

            // Each either waits for the rest or was refused, and the share says how many wait.
            using var last = await PostAsync(token, 400_000, 400_000);
            var answer = await last.TextToEndAsync();
            Assert.StartsWith("HTTP/1.1 429", answer, StringComparison.Ordinal);
            Assert.Contains("share", answer, StringComparison.Ordinal);
            Assert.InRange(await _gateway.MetricAsync(Memory) - before, ShareBytes / 4, ShareBytes);
            Assert.Equal(HttpStatusCode.Accepted, await PublishAsync("other", [1, 2, 3]));
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }

        await UntilMemoryAsync(before + (64 << 10));
    }

    [Fact]
    public async Task Line_feeds_that_become_much_longer_as_events_fill_the_share_of_who_does_not_read_them()
    {
        var token = await _gateway.TokenAsync("reader", "&subscribe=/topic/*" + Rate);
        List<RawClient> readers = [];
        try
        {
            for (var i = 0; i < 12; i++)
            {
                var reader = await RawClient.OpenAsync(_gateway, receiveBuffer: 4096);
                await reader.SendAsync($"GET /sse?destination=/topic/lines&token={token} HTTP/1.1\r\nHost: x\r\n\r\n");
                await reader.HeadAsync();
                readers.Add(reader);
            }

            var lines = Enumerable.Repeat((byte)'\n', 200_000).ToArray();
            for (var i = 0; i < 6; i++)
            {
                Assert.Equal(HttpStatusCode.Accepted, await PublishAsync("back end", lines, "lines", "&perSecond=0"));
            }

            // The account has what the events are, not what they were made of: of one user no more than the share, beside history.
            Assert.InRange(await _gateway.MetricAsync(Memory), 0, (ShareBytes * 5 / 4) + (3 << 20));
            Assert.Equal(HttpStatusCode.Accepted, await PublishAsync("other", [1, 2, 3]));
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    private async Task UntilMemoryAsync(long bytes)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); await _gateway.MetricAsync(Memory) > bytes;)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "the memory was not given back");
            await Task.Yield();
        }
    }

    private async Task<RawClient> PostAsync(string token, int announced, int sent)
    {
        var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + $"Authorization: Bearer {token}\r\nContent-Length: {announced}\r\n\r\n");
        if (sent > 0)
        {
            await client.SendAsync(new string(' ', sent));
        }

        return client;
    }

    private async Task<HttpStatusCode> PublishAsync(string user, byte[] body, string topic = "other", string query = Rate)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_gateway.Address, "/api/v1/messages"))
        {
            Content = JsonContent.Create(new { to = new { topic }, body = Convert.ToBase64String(body), contentType = "text/plain" }),
        };
        var token = await _gateway.TokenAsync(user, "&publish=/topic/*" + query);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await _gateway.Http.SendAsync(request);
        return response.StatusCode;
    }

    public sealed class Fixture() : GatewayFixture(
        $"--FastPush:Limits:MessageMemoryBytes={MemoryBytes}",
        $"--FastPush:Limits:FrameBytes={FrameBytes}",
        "--FastPush:Limits:HistoryShare=0.05");
}
