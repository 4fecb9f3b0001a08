using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>Clients that send their request and then the end of their side; and what the system asks of silent peers.</summary>
public abstract class HalfCloseTests(TlsGateway fixture) : IDisposable
{
    private const int Rounds = 20;

    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose()
    {
        _gateway.AssertNoFaults();
        GC.SuppressFinalize(this);
    }

    private static string Publish(string token) =>
        $"POST /api/v1/messages?token={token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n"
        + """{"to":{"topic":"half"},"payload":1}""";

    [Fact]
    public async Task An_HTTP_client_that_half_closes_gets_its_answer()
    {
        var token = await _gateway.TokenAsync("alice");
        for (var i = 0; i < Rounds; i++)
        {
            foreach (var (request, status) in new[] { ("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200), (Publish(token), 202) })
            {
                using var client = await RawClient.OpenAsync(_gateway);
                await client.SendAsync(request);
                client.EndSend();
                Assert.StartsWith($"HTTP/1.1 {status}", await client.TextToEndAsync(), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_same_with_TLS(bool saysSo)
    {
        var token = await _gateway.TokenAsync("alice");
        for (var i = 0; i < Rounds; i++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, Port("https"), Deadline.Token());
            await using var tls = new SslStream(socket.GetStream(), false, (_, seen, _, _) => fixture.IsOurs(seen));
            await tls.AuthenticateAsClientAsync("localhost");
            await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Publish(token)), Deadline.Token());
            if (saysSo)
            {
                await tls.ShutdownAsync(); // close_notify
            }

            socket.Client.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(tls);
            Assert.StartsWith("HTTP/1.1 202", await reader.ReadToEndAsync(Deadline.Token()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_event_stream_ends_when_its_client_has()
    {
        var token = await _gateway.TokenAsync("alice");
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync($"GET /sse?destination=/topic/half&token={token} HTTP/1.1\r\nHost: x\r\n\r\n");
        await Deadline.Until(async () => await _gateway.MetricAsync("push_connections_active{transport=\"sse\"}") == 1);
        client.EndSend();
        await Deadline.Until(async () => await _gateway.MetricAsync("push_connections_active{transport=\"sse\"}") == 0);
    }

    [Fact]
    public async Task A_client_that_resets_leaves_nothing_behind()
    {
        using (var client = await RawClient.OpenAsync(_gateway))
        {
            await client.SendAsync("POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
            await Deadline.Until(async () => await AcceptedAsync() >= 2);
            client.Reset();
        }

        await Deadline.Until(async () => await AcceptedAsync() == 1, null, "only the connection that asks is left");
    }

    [Fact]
    public async Task The_system_asks_silent_peers_whether_they_are_there()
    {
        using var plain = new TcpClient();
        await plain.ConnectAsync(IPAddress.Loopback, Port("http"), Deadline.Token());
        using var secure = new TcpClient();
        await secure.ConnectAsync(IPAddress.Loopback, Port("https"), Deadline.Token());
        using var stomp = await RawClient.StompAsync(_gateway, "alice");
        foreach (var (server, client) in new[]
        {
            (Port("http"), Local(plain.Client)), (Port("https"), Local(secure.Client)), (Port("http"), stomp.Port),
        })
        {
            await Deadline.Until(() => Task.FromResult(TimerOf(server, client) == "02"), null, "the connection has a keep-alive timer");
        }
    }

    private int Port(string scheme) => _gateway.Addresses.Single(a => a.Scheme == scheme).Port;

    private static int Local(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private async Task<long> AcceptedAsync() =>
        await _gateway.MetricAsync("push_connections_accepted{proven=\"false\"}")
            + await _gateway.MetricAsync("push_connections_accepted{proven=\"true\"}");

    // The kind of the timer that runs for a connection, from proc_net_tcp.txt of the kernel: 02 = keep-alive.
    private static string TimerOf(int local, int remote)
    {
        foreach (var line in File.ReadLines("/proc/net/tcp").Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (PortOf(fields[1]) == local && PortOf(fields[2]) == remote)
            {
                return fields[5][..2];
            }
        }

        return "none";
    }

    private static int PortOf(string address) =>
        int.Parse(address.AsSpan(address.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

public sealed class EngineHalfCloseTests(TlsTests.Fixture fixture) : HalfCloseTests(fixture), IClassFixture<TlsTests.Fixture>;

public sealed class KestrelHalfCloseTests(KestrelHalfCloseTests.Fixture fixture)
    : HalfCloseTests(fixture), IClassFixture<KestrelHalfCloseTests.Fixture>
{
    public sealed class Fixture() : TlsGateway(null, "--FastPush:Engine:Transport=kestrel");
}
