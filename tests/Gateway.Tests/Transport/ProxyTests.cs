using System.Net;
using System.Net.Http.Json;
using FastPush.Gateway.Tests.Testing;
using StompClient = FastPush.Redis.Testing.StompClient;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>
/// Proxies that keep connections to the gateway and send a WebSocket handshake on one that has carried HTTP: nginx does so by default
/// since 1.29.7, HAProxy with <c>http-reuse always</c>.
/// </summary>
public sealed class ProxyTests
{
    private const int Handshakes = 8;

    [Theory]
    [InlineData("nginx", "engine")]
    [InlineData("nginx", "kestrel")]
    [InlineData("haproxy", "engine")]
    [InlineData("haproxy", "kestrel")]
    public async Task Handshakes_on_connections_that_carried_HTTP_succeed(string program, string transport)
    {
        await using var gateway = await GatewayProcess.StartAsync($"--FastPush:Engine:Transport={transport}");
        await using var proxy = await ReverseProxy.StartAsync(program, gateway.Address);
        using var http = new HttpClient { BaseAddress = proxy.Address };
        var token = await gateway.TokenAsync("alice");
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var clients = new List<StompClient>();
        try
        {
            for (var i = 0; i < Handshakes; i++)
            {
                await AskAsync(http);
                var client = await StompClient.ConnectAsync(proxy.Address, token);
                clients.Add(client);
                await client.SubscribeAsync("/topic/proxied");
            }

            using var published = await http.PostAsJsonAsync("/api/v1/messages", new { to = new { topic = "proxied" }, payload = 1 });
            Assert.Equal(HttpStatusCode.Accepted, published.StatusCode);
            foreach (var client in clients)
            {
                Assert.Equal("1", (await client.Messages.ReadAsync(Deadline.Token())).Body);
            }
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }

        gateway.AssertNoFaults();
    }

    // At once, so that several connections to the gateway are open and idle afterwards.
    private static async Task AskAsync(HttpClient http)
    {
        var answers = await Task.WhenAll(
            http.GetAsync("/health/live"),
            http.GetAsync("/api/v1/presence/alice"),
            http.PostAsJsonAsync("/api/v1/messages", new { to = new { topic = "other" }, payload = new string('x', 10_000) }));
        foreach (var answer in answers)
        {
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
            answer.Dispose();
        }
    }
}
