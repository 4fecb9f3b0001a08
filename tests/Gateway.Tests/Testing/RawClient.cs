using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>A TCP connection to the gateway that sends whatever it is told to.</summary>
internal sealed class RawClient : IDisposable
{
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _bytes = new byte[64 << 10];
    private int _start;
    private int _end;
    private SslStream? _tls;

    private RawClient()
    {
    }

    public static async Task<RawClient> OpenAsync(GatewayProcess gateway, int? receiveBuffer = null)
    {
        var client = new RawClient();
        if (receiveBuffer is { } bytes)
        {
            client._socket.ReceiveBufferSize = bytes;
        }

        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Address.Port), Deadline.Token());
        return client;
    }

    /// <summary>The same to an endpoint with TLS 1.3.</summary>
    public static async Task<RawClient> OpenTlsAsync(Uri address, Func<X509Certificate?, bool> isOurs)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), Deadline.Token());
        var tls = new SslStream(new NetworkStream(client._socket), false, (_, seen, _, _) => isOurs(seen));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls13 }, Deadline.Token());
        client._tls = tls;
        return client;
    }

    /// <summary>Upgraded and connected, as the development user of that name.</summary>
    public static async Task<RawClient> StompAsync(
        GatewayProcess gateway, string user, string heartBeat = "0,0", string query = "&perSecond=0", int? receiveBuffer = null)
    {
        var token = await gateway.TokenAsync(user, query);
        var client = await OpenAsync(gateway, receiveBuffer);
        await client.SendAsync(Upgrade($"/stomp?token={token}"));
        Assert.StartsWith("HTTP/1.1 101", await client.HeadAsync(), StringComparison.Ordinal);
        await client.StompAsync($"CONNECT\naccept-version:1.2\nheart-beat:{heartBeat}\n\n");
        Assert.Equal("CONNECTED", (await client.NextAsync()).Command);
        return client;
    }

    public static string Upgrade(string target = "/stomp", string headers = "", string key = Key, string version = "13") =>
        $"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{headers}\r\n";

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes, Deadline.Token());
            return;
        }

        ReadOnlyMemory<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            rest = rest[(await _socket.SendAsync(rest, Deadline.Token()))..];
        }
    }

    /// <summary>Sends STOMP frames (without their NUL) in messages of their own.</summary>
    public Task StompAsync(params string[] frames) => SendAsync([.. frames.SelectMany(ClientBytes.Stomp)]);

    /// <summary>Sends a SUBSCRIBE and waits for its receipt.</summary>
    public async Task SubscribeAsync(string destination, string headers = "", string id = "0")
    {
        await StompAsync($"SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:sub\n{headers}\n");
        Assert.Equal("RECEIPT", (await NextAsync()).Command);
    }

    /// <summary>A response's head, up to its empty line.</summary>
    public async Task<string> HeadAsync()
    {
        int at;
        while ((at = Buffered.IndexOf("\r\n\r\n"u8)) < 0)
        {
            Assert.True(await FillAsync(), $"the connection ended after: {Encoding.Latin1.GetString(Buffered)}");
        }

        var head = Encoding.Latin1.GetString(Buffered[..(at + 4)]);
        _start += at + 4;
        return head;
    }

    /// <summary>A response's head and its body of content-length.</summary>
    public async Task<(string Head, string Body)> ResponseAsync()
    {
        var head = await HeadAsync();
        return (head, await BodyAsync(head));
    }

    /// <summary>Reads the body that a head announces.</summary>
    public async Task<string> BodyAsync(string head)
    {
        var line = head.Split("\r\n").Single(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        var length = int.Parse(line.AsSpan(15), System.Globalization.CultureInfo.InvariantCulture);
        while (_end - _start < length)
        {
            Assert.True(await FillAsync());
        }

        var body = Encoding.UTF8.GetString(Buffered[..length]);
        _start += length;
        return body;
    }

    /// <summary>The next server frame.</summary>
    public async Task<ServerFrame> NextAsync()
    {
        ServerFrame? frame;
        int used;
        while (!ServerFrame.TryRead(Buffered, out frame, out used))
        {
            Assert.True(await FillAsync(), "the connection ended");
        }

        _start += used;
        return frame!;
    }

    /// <summary>All text up to the end of the connection, which must be an orderly one.</summary>
    public async Task<string> TextToEndAsync()
    {
        while (await FillAsync())
        {
            Assert.True(_end - _start < 64 << 20);
        }

        return Encoding.UTF8.GetString(Buffered);
    }

    /// <summary>All frames up to the orderly end of the connection.</summary>
    public async Task<List<ServerFrame>> ToEndAsync()
    {
        while (await FillAsync())
        {
            Assert.True(_end - _start < 64 << 20);
        }

        var frames = ServerFrame.ReadAll(Buffered, out var consumed);
        Assert.Equal(_end - _start, consumed);
        return frames;
    }

    /// <summary>Expects an ERROR and a close frame, then answers the close frame and expects the end.</summary>
    public async Task<ServerFrame> ExpectRefusalAsync(int code)
    {
        var error = await NextAsync();
        Assert.Equal("ERROR", error.Command);
        var close = await NextAsync();
        Assert.Equal(("CLOSE", code), (close.Command, close.Code));
        Assert.Empty(await ToEndAsync());
        return error;
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Ends the connection by RST.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>Sends nothing more, but reads on.</summary>
    public void EndSend() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Waits until the gateway has ended the connection, in order or by a reset, without a word.</summary>
    public async Task GoneAsync()
    {
        try
        {
            Assert.False(await FillAsync());
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    private Span<byte> Buffered => _bytes.AsSpan(_start, _end - _start);

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            Buffered.CopyTo(_bytes);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        var free = _bytes.AsMemory(_end);
        var read = _tls is null ? await _socket.ReceiveAsync(free, Deadline.Token()) : await _tls.ReadAsync(free, Deadline.Token());
        _end += read;
        return read > 0;
    }
}
