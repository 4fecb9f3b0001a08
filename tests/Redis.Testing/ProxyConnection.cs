using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace FastPush.Redis.Testing;

/// <summary>One connection through a <see cref="TcpProxy"/>: two sockets and a pump each way.</summary>
internal sealed class ProxyConnection(Socket client, IPEndPoint target, ProxyDirection toServer, ProxyDirection toClient)
    : IDisposable
{
    private const int ReadBytes = 64 << 10;

    // Bounds what a delayed direction holds: 16 MiB.
    private const int ReadsMax = 256;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _disposed;

    private readonly record struct Chunk(byte[] Bytes, long ReadAt);

    /// <summary>Done when both sockets are closed.</summary>
    public Task Ended => _ended.Task;

    public async void Run(Action onEnd)
    {
        try
        {
            client.NoDelay = true;
            _server.NoDelay = true;
            await toServer.OpenAsync().WaitAsync(_over.Token); // Half-open from the start: the target never learns of it.
            await _server.ConnectAsync(target, _over.Token);
            await Task.WhenAll(ForwardAsync(client, _server, toServer), ForwardAsync(_server, client, toClient));
        }
        catch (Exception e) when (IsEnd(e))
        {
            Reset(); // One side failed, so the other must learn of it.
        }
        finally
        {
            Dispose();
            onEnd();
            _ended.SetResult();
        }
    }

    /// <summary>Closes with RST towards both sides.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _over.Cancel();
                client.Close(0); // A time-out of 0 discards and resets.
                _server.Close(0);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            client.Dispose();
            _server.Dispose();
            _over.Dispose();
        }
    }

    private static bool IsEnd(Exception e) => e is SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task ForwardAsync(Socket from, Socket to, ProxyDirection direction)
    {
        var under = Channel.CreateBounded<Chunk>(ReadsMax);
        await Task.WhenAll(ReadAsync(from, direction, under.Writer), WriteAsync(to, direction, under.Reader));
    }

    private async Task ReadAsync(Socket from, ProxyDirection direction, ChannelWriter<Chunk> under)
    {
        try
        {
            var buffer = new byte[ReadBytes];
            while (true)
            {
                await direction.OpenAsync().WaitAsync(_over.Token);
                var read = await from.ReceiveAsync(buffer, _over.Token);
                if (read == 0)
                {
                    under.Complete();
                    return;
                }

                direction.Take(read);
                await under.WriteAsync(new Chunk(buffer[..read], Stopwatch.GetTimestamp()), _over.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            under.TryComplete();
            Reset();
        }
    }

    private async Task WriteAsync(Socket to, ProxyDirection direction, ChannelReader<Chunk> under)
    {
        try
        {
            await foreach (var chunk in under.ReadAllAsync(_over.Token))
            {
                await direction.PassAsync(chunk.ReadAt, _over.Token);
                await direction.OpenAsync().WaitAsync(_over.Token);
                for (var sent = 0; sent < chunk.Bytes.Length;)
                {
                    sent += await to.SendAsync(chunk.Bytes.AsMemory(sent), _over.Token);
                }

                direction.Count(chunk.Bytes.Length);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsEnd(e))
        {
            Reset();
        }
    }
}
