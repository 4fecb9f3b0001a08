using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>The same two ways in behind an https endpoint of the configuration.</summary>
public sealed class TlsTests(TlsTests.Fixture fixture) : IClassFixture<TlsTests.Fixture>, IDisposable
{
    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    private Uri Secure => _gateway.Addresses.Single(a => a.Scheme == "https");

    private async Task<ClientWebSocket> ConnectAsync(string user)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v12.stomp");
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => fixture.IsOurs(certificate);
        var token = await _gateway.TokenAsync(user);
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{Secure.Port}/stomp?token={token}"), Deadline.Token());
        Assert.Equal("v12.stomp", socket.SubProtocol);
        await SendAsync(socket, "CONNECT\naccept-version:1.2\n\n");
        Assert.Equal("CONNECTED", (await NextAsync(socket)).Command);
        return socket;
    }

    internal static Task SendAsync(ClientWebSocket socket, string frame) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(frame + "\0"), WebSocketMessageType.Text, true, Deadline.Token());

    internal static async Task<ServerFrame> NextAsync(ClientWebSocket socket)
    {
        var buffer = new byte[1 << 20];
        var length = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length), Deadline.Token());
            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            length += part.Count;
            if (part.EndOfMessage)
            {
                return ServerFrame.OfMessage(buffer.AsSpan(0, length));
            }
        }
    }

    [Fact]
    public async Task STOMP_over_wss_delivers_small_and_large_messages_in_order()
    {
        using var alice = await ConnectAsync("alice");
        await SendAsync(alice, "SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:sub\n\n");
        Assert.Equal("RECEIPT", (await NextAsync(alice)).Command);
        using var bob = await ConnectAsync("bob");
        for (var round = 0; round < 10; round++)
        {
            // Less in flight than an outbox holds.
            var bodies = Enumerable.Range(0, 4).Select(i => $"{round}-{i}{new string('x', i * 50_000)}").ToList();
            foreach (var body in bodies)
            {
                await SendAsync(bob, $"SEND\ndestination:/topic/a\n\n{body}");
            }

            foreach (var body in bodies)
            {
                Assert.Equal(body, (await NextAsync(alice)).Body);
            }
        }

        await alice.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        Assert.Equal(WebSocketCloseStatus.NormalClosure, alice.CloseStatus);
        await SendAsync(bob, "HELLO\n\n");
        Assert.Equal("ERROR", (await NextAsync(bob)).Command);
        var close = await bob.ReceiveAsync(new byte[1024], Deadline.Token());
        Assert.Equal((WebSocketMessageType.Close, (WebSocketCloseStatus)1002), (close.MessageType, bob.CloseStatus!.Value));
    }

    [Fact]
    public async Task Event_streams_and_publishing_over_https_work()
    {
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) => fixture.IsOurs(certificate),
        };
        using var http = new HttpClient(handler) { BaseAddress = Secure };
        http.DefaultRequestHeaders.Authorization = new("Bearer", await _gateway.TokenAsync("alice"));
        using var stream = await http.GetAsync("/sse?destination=/topic/sse", HttpCompletionOption.ResponseHeadersRead, Deadline.Token());
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
        using var body = new StringContent("""{"to":{"topic":"sse"},"payload":{"n":1}}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.Accepted, (await http.PostAsync("/api/v1/messages", body)).StatusCode);
        var lines = new List<string>();
        while (lines.Count == 0 || !lines[^1].StartsWith("data:", StringComparison.Ordinal))
        {
            lines.Add(await reader.ReadLineAsync(Deadline.Token()) ?? throw new EndOfStreamException(string.Join('\n', lines)));
        }

        Assert.Contains("{\"n\":1}", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith("id:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_plain_endpoint_beside_it_serves_STOMP_too()
    {
        using var client = await RawClient.StompAsync(_gateway, "carol");
        await client.SubscribeAsync("/topic/plain");
    }

    public sealed class Fixture() : TlsGateway(null);
}
