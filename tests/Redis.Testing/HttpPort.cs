using System.Net;
using System.Net.Sockets;

namespace FastPush.Redis.Testing;

/// <summary>A plain HTTP server that answers 400 to whatever is said: what one meets when a port is misconfigured.</summary>
public sealed class HttpPort : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, Ports.Free());
    private readonly CancellationTokenSource _over = new();
    private readonly Task _serving;

    private HttpPort()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that were answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Connections that broke first.</summary>
    public int Failed { get; private set; }

    public static HttpPort Start() => new();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving;
        _listener.Stop();
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[4096];
        while (!_over.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptSocketAsync(_over.Token);
                await client.ReceiveAsync(buffer, _over.Token);
                await client.SendAsync(
                    "HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request"u8.ToArray());
                client.Shutdown(SocketShutdown.Send);
                Answered++;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                Failed++; // That client went; or the end, which the loop looks for.
            }
        }
    }
}
