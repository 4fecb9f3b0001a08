using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Tests.Transport;
using FastPush.Redis.Testing;

namespace FastPush.Gateway.Tests.Tls;

/// <summary>The engine's TLS in a whole gateway, with clients of other makes.</summary>
public sealed class TlsEngineTests(TlsTests.Fixture fixture) : IClassFixture<TlsTests.Fixture>, IDisposable
{
    private const string Get = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    private int Port => _gateway.Addresses.Single(a => a.Scheme == "https").Port;

    private async Task<(TcpClient Socket, SslStream Tls)> ConnectAsync(SslProtocols protocol, params SslApplicationProtocol[] alpn)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Port, Deadline.Token());
        var tls = new SslStream(socket.GetStream(), false, (_, seen, _, _) => fixture.IsOurs(seen));
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocol,
            ApplicationProtocols = [.. alpn],
        };
        await tls.AuthenticateAsClientAsync(options, Deadline.Token());
        return (socket, tls);
    }

    // A body may come behind its head, in chunks.
    private static async Task<string> AskAsync(Stream stream, string request)
    {
        var buffer = new byte[4096];
        var answer = "";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Deadline.Token());
        string End() => answer.Contains("chunked", StringComparison.Ordinal) ? "\r\n0\r\n\r\n" : "\r\n\r\n";
        while (!answer.EndsWith(End(), StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, Deadline.Token());
            answer += read > 0 ? Encoding.ASCII.GetString(buffer, 0, read) : throw new EndOfStreamException(answer);
        }

        return answer;
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Both_versions_are_served_and_HTTP_1_is_agreed_on(SslProtocols protocol)
    {
        var (socket, tls) = await ConnectAsync(protocol, SslApplicationProtocol.Http11, SslApplicationProtocol.Http2);
        using (socket)
        await using (tls)
        {
            Assert.Equal((protocol, SslApplicationProtocol.Http11), (tls.SslProtocol, tls.NegotiatedApplicationProtocol));
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(tls, Get), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(tls, Get), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_head_that_comes_byte_by_byte_is_put_together()
    {
        foreach (var request in new[] { Get, RawClient.Upgrade() })
        {
            var (socket, tls) = await ConnectAsync(SslProtocols.Tls13);
            using (socket)
            await using (tls)
            {
                foreach (var one in request[..^1])
                {
                    await tls.WriteAsync(new[] { (byte)one }, Deadline.Token());
                }

                var answer = await AskAsync(tls, request[^1..]);
                Assert.StartsWith(request == Get ? "HTTP/1.1 200" : "HTTP/1.1 101", answer, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task A_client_that_half_closes_is_answered_with_close_notify()
    {
        var (socket, tls) = await ConnectAsync(SslProtocols.Tls13);
        using (socket)
        await using (tls)
        {
            Assert.StartsWith("HTTP/1.1 101", await AskAsync(tls, RawClient.Upgrade()), StringComparison.Ordinal);
            await tls.ShutdownAsync();
            Assert.Equal(0, await tls.ReadAsync(new byte[1], Deadline.Token()));
        }
    }

    [Fact]
    public async Task Hostile_records_get_an_alert_and_the_end_and_leave_no_descriptor()
    {
        var folder = $"/proc/{_gateway.Pid}/fd";
        var before = Directory.GetFiles(folder).Length;
        for (var round = 0; round < 20; round++)
        {
            var (socket, tls) = await ConnectAsync(SslProtocols.Tls13);
            using (socket)
            await using (tls)
            {
                if (round % 2 == 0)
                {
                    await AskAsync(tls, RawClient.Upgrade());
                }

                byte[] record = [23, 3, 3, 0, 40, .. RandomNumberGenerator.GetBytes(40)];
                var raw = socket.GetStream();
                await raw.WriteAsync(record, Deadline.Token());
                var alert = new byte[24];
                await raw.ReadExactlyAsync(alert, Deadline.Token());
                Assert.Equal([23, 3, 3, 0, 19], alert[..5]);
                Assert.Equal(0, await raw.ReadAsync(alert, Deadline.Token()));
            }
        }

        await Deadline.Until(() => Task.FromResult(Directory.GetFiles(folder).Length <= before + 3), null, "all are closed");
    }

    [Fact]
    public async Task A_slow_reader_gets_everything_in_order()
    {
        const int messages = 60;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8192 };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, seen, _, _) => fixture.IsOurs(seen);
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v12.stomp");
        var token = await _gateway.TokenAsync("slow");
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{Port}/stomp?token={token}"), invoker, Deadline.Token());
        await TlsTests.SendAsync(socket, "CONNECT\naccept-version:1.2\n\n");
        Assert.Equal("CONNECTED", (await TlsTests.NextAsync(socket)).Command);
        await TlsTests.SendAsync(socket, "SUBSCRIBE\nid:0\ndestination:/topic/slow\nreceipt:r\n\n");
        Assert.Equal("RECEIPT", (await TlsTests.NextAsync(socket)).Command);
        using var sender = await RawClient.StompAsync(_gateway, "fast");
        await sender.SubscribeAsync("/topic/slow"); // What comes back here is out to the slow one as well.
        for (var i = 0; i < messages; i++)
        {
            await sender.StompAsync($"SEND\ndestination:/topic/slow\n\n{i}-{new string('y', 100_000)}");
            Assert.Equal("MESSAGE", (await sender.NextAsync()).Command);
        }

        for (var i = 0; i < messages; i++)
        {
            var body = (await TlsTests.NextAsync(socket)).Body;
            Assert.Equal($"{i}-", body[..(body.IndexOf('-', StringComparison.Ordinal) + 1)]);
            Assert.EndsWith(new string('y', 100_000), body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_are_updated_with_the_client_of_OpenSSL()
    {
        var start = new ProcessStartInfo("openssl", ["s_client", "-connect", $"127.0.0.1:{Port}", "-tls1_3"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var client = Process.Start(start)!;
        try
        {
            await RequestAsync(client);
            foreach (var command in new[] { "K", "k", "K", "K" }) // K asks for a new key of ours too, k does not.
            {
                await client.StandardInput.WriteAsync($"{command}\n");
                await client.StandardInput.FlushAsync();
                await UntilLineAsync(client.StandardError, "KEYUPDATE");
                await RequestAsync(client);
            }

            Assert.False(client.HasExited);
        }
        finally
        {
            client.Kill();
        }
    }

    /// <summary>RFC 6066 section 4: the client of OpenSSL ends the connection by record_overflow when a record is longer.</summary>
    [Fact]
    public async Task A_client_that_asks_for_short_records_gets_short_records()
    {
        string[] arguments = ["s_client", "-connect", $"127.0.0.1:{Port}", "-tls1_3", "-maxfraglen", "512", "-quiet", "-ign_eof"];
        var start = new ProcessStartInfo("openssl", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var client = Process.Start(start)!;
        try
        {
            const string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"; // The console has some 30 kB.
            await client.StandardInput.WriteAsync(request);
            await client.StandardInput.FlushAsync();
            var answer = await client.StandardOutput.ReadToEndAsync(Deadline.Token());
            Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
            Assert.Contains("</html>", answer, StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            client.Kill();
        }
    }

    [Fact]
    public async Task The_client_of_Node_is_served()
    {
        const string script = """
            const socket = require('tls').connect({ port: +process.argv[1], rejectUnauthorized: false, minVersion: 'TLSv1.3' }, () => {
              socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
            });
            let all = '';
            socket.on('data', data => { all += data; });
            socket.on('end', () => console.log(socket.getProtocol() + ' ' + all.split('\r\n')[0]));
            """;
        await using var node = await ChildProcess.StartAsync("node", ["-e", script, $"{Port}"]);
        Assert.Equal(0, await node.ExitAsync());
        await Deadline.Until(() => node.Log.Length > 0);
        Assert.Equal("TLSv1.3 HTTP/1.1 200 OK", node.Log);
    }

    [Fact]
    public async Task A_drain_says_so_to_every_client()
    {
        using var own = new TlsTests.Fixture();
        await own.InitializeAsync();
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = (_, seen, _, _) => own.IsOurs(seen);
        var port = own.Gateway.Addresses.Single(a => a.Scheme == "https").Port;
        var token = await own.Gateway.TokenAsync("alice");
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{port}/stomp?token={token}"), Deadline.Token());
        await TlsTests.SendAsync(socket, "CONNECT\naccept-version:1.2\n\n");
        Assert.Equal("CONNECTED", (await TlsTests.NextAsync(socket)).Command);
        own.Gateway.Terminate();
        var close = await socket.ReceiveAsync(new byte[1024], Deadline.Token());
        while (close.MessageType != WebSocketMessageType.Close)
        {
            close = await socket.ReceiveAsync(new byte[1024], Deadline.Token());
        }

        Assert.Equal((WebSocketCloseStatus)1012, socket.CloseStatus);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        Assert.Equal(0, await own.Gateway.ExitAsync());
        own.Gateway.AssertNoFaults();
        await own.DisposeAsync();
    }

    private static async Task RequestAsync(Process client)
    {
        await client.StandardInput.WriteAsync(Get);
        await client.StandardInput.FlushAsync();
        await UntilLineAsync(client.StandardOutput, "HTTP/1.1 200");
    }

    private static async Task UntilLineAsync(StreamReader output, string start)
    {
        var line = "";
        while (!line.StartsWith(start, StringComparison.Ordinal))
        {
            line = await output.ReadLineAsync(Deadline.Token()) ?? throw new EndOfStreamException($"{start} did not come");
        }
    }
}
