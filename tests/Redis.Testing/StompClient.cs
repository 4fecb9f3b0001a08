using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace FastPush.Redis.Testing;

/// <summary>The connection ended before what was waited for came.</summary>
public sealed class ConnectionEndedException(string message) : Exception(message);

/// <summary>How a STOMP connection ended.</summary>
/// <param name="Code">The close frame's code; 1006 if there was none (RFC 6455, 7.4.1).</param>
/// <param name="Reason">The close frame's text, or the fault of the connection.</param>
/// <param name="Error">The ERROR frame, if there was one.</param>
public sealed record ConnectionEnd(int Code, string Reason, ServerFrame? Error)
{
    public override string ToString() => $"{Code} {Reason} {Error?["message"]} {Error?.Body}".TrimEnd();
}

/// <summary>A STOMP 1.2 client over WebSocket: small, and no code of the gateway's in it.</summary>
public sealed class StompClient : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly Channel<ServerFrame> _messages = Channel.CreateUnbounded<ServerFrame>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ServerFrame>> _receipts = new();
    private readonly TaskCompletionSource<ServerFrame> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServerFrame? _error;
    private int _number;

    private StompClient()
    {
        _socket.Options.AddSubProtocol("v12.stomp");
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
    }

    /// <summary>MESSAGE frames in the order they came; complete once the connection has ended.</summary>
    public ChannelReader<ServerFrame> Messages => _messages.Reader;

    /// <summary>Done when the connection has ended, whoever ended it.</summary>
    public Task<ConnectionEnd> Ended => _end.Task;

    /// <summary>The CONNECTED frame.</summary>
    public ServerFrame Connected { get; private set; } = null!;

    /// <summary>Upgrades and sends CONNECT.</summary>
    /// <param name="gateway">Its HTTP address.</param>
    /// <param name="token">Goes with the upgrade.</param>
    /// <param name="heartBeat">The header; what was agreed on is not sent, so ask for none of it.</param>
    /// <exception cref="WebSocketException">There is nobody, or the upgrade was refused.</exception>
    /// <exception cref="ConnectionEndedException">CONNECT was refused.</exception>
    public static async Task<StompClient> ConnectAsync(Uri gateway, string token, string heartBeat = "0,0", TimeSpan? within = null)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        var client = new StompClient();
        try
        {
            var address = new UriBuilder(gateway) { Scheme = gateway.Scheme == "https" ? "wss" : "ws", Path = "/stomp" }.Uri;
            client._socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            await client._socket.ConnectAsync(address, Deadline.Token(within));
            client.Receive();
            await client.SendFrameAsync($"CONNECT\naccept-version:1.2\nhost:test\nheart-beat:{heartBeat}\n\n");
            client.Connected = await client._connected.Task.WaitAsync(within ?? Deadline.Default);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends one frame as it stands, without its NUL.</summary>
    /// <exception cref="ConnectionEndedException">The connection has ended.</exception>
    public async Task SendFrameAsync(string frame)
    {
        await _sending.WaitAsync(Deadline.Token());
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(frame + "\0"), WebSocketMessageType.Text, true, Deadline.Token());
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or OperationCanceledException)
        {
            throw new ConnectionEndedException($"cannot send: {e.Message}");
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a frame with a receipt header, and returns the RECEIPT.</summary>
    /// <param name="command">The command.</param>
    /// <param name="headers">Each <c>name:value</c>.</param>
    /// <param name="body">Text.</param>
    /// <exception cref="ConnectionEndedException">The connection ended first; what it ended with is in the message.</exception>
    public async Task<ServerFrame> CallAsync(string command, IEnumerable<string> headers, string body = "")
    {
        var receipt = $"r-{Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture)}";
        var waiting = new TaskCompletionSource<ServerFrame>(TaskCreationOptions.RunContinuationsAsynchronously);
        _receipts[receipt] = waiting;
        if (_end.Task.IsCompleted)
        {
            throw new ConnectionEndedException($"{command}: {await _end.Task}");
        }

        var lines = headers.Where(line => line.Length > 0).Append($"receipt:{receipt}").Select(line => line + "\n");
        await SendFrameAsync($"{command}\n{string.Concat(lines)}\n{body}");
        return await waiting.Task.WaitAsync(Deadline.Default);
    }

    /// <summary>SUBSCRIBE; returns when it is in force.</summary>
    public Task<ServerFrame> SubscribeAsync(string destination, string id = "0", params string[] headers) =>
        CallAsync("SUBSCRIBE", [$"id:{id}", $"destination:{destination}", .. headers]);

    /// <summary>SEND; returns the message id when it was accepted.</summary>
    public async Task<string> SendAsync(string destination, string body, params string[] headers) =>
        (await CallAsync("SEND", [$"destination:{destination}", .. headers], body))["message-id"];

    /// <summary>ACK without a receipt.</summary>
    public Task AckAsync(ServerFrame message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendFrameAsync($"ACK\nid:{message["ack"]}\n\n");
    }

    /// <summary>ACK; returns when the gateway has noted it.</summary>
    public Task<ServerFrame> AckedAsync(ServerFrame message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return CallAsync("ACK", [$"id:{message["ack"]}"]);
    }

    /// <summary>The next MESSAGE.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    /// <exception cref="ConnectionEndedException">None came before the end.</exception>
    public async Task<ServerFrame> NextAsync(TimeSpan? within = null)
    {
        try
        {
            return await _messages.Reader.ReadAsync(Deadline.Token(within));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no MESSAGE within {within ?? Deadline.Default}");
        }
        catch (ChannelClosedException)
        {
            throw new ConnectionEndedException($"no MESSAGE: {await _end.Task}");
        }
    }

    /// <summary>DISCONNECT, its receipt, and the close.</summary>
    public async Task DisconnectAsync()
    {
        await CallAsync("DISCONNECT", []);
        await DisposeAsync();
    }

    /// <summary>The connection breaks (RST), as when the client's machine goes.</summary>
    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _socket.Abort();
        if (_socket.SubProtocol is not null)
        {
            await _end.Task;
        }

        _socket.Dispose();
    }

    // A task of its own until the end of the connection; what it meets is told through the tasks and channels above.
    private async void Receive()
    {
        var end = new ConnectionEnd(1006, "aborted", null);
        try
        {
            end = await ReceiveAsync();
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidDataException)
        {
            end = new ConnectionEnd(1006, e.Message, _error);
        }
        finally
        {
            _end.SetResult(end);
            _messages.Writer.Complete();
            var fault = new ConnectionEndedException(end.ToString());
            _connected.TrySetException(fault);
            foreach (var waiting in _receipts.Values)
            {
                waiting.TrySetException(fault);
                _ = waiting.Task.Exception; // Seen, also when nobody waits for it any more.
            }

            _ = _connected.Task.Exception;
        }
    }

    private async Task<ConnectionEnd> ReceiveAsync()
    {
        var buffer = new byte[64 << 10];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var part = await _socket.ReceiveAsync(buffer.AsMemory(length), _over.Token);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await AnswerCloseAsync();
                return new ConnectionEnd((int)_socket.CloseStatus!.Value, _socket.CloseStatusDescription ?? "", _error);
            }

            length += part.Count;
            if (part.EndOfMessage)
            {
                Take(ServerFrame.OfMessage(buffer.AsSpan(0, length), part.MessageType == WebSocketMessageType.Binary));
                length = 0;
            }
        }
    }

    private async Task AnswerCloseAsync()
    {
        try
        {
            await _socket.CloseOutputAsync(_socket.CloseStatus!.Value, "", _over.Token);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            _socket.Abort(); // The peer did not wait for the answer.
        }
    }

    private void Take(ServerFrame frame)
    {
        switch (frame.Command)
        {
            case "MESSAGE":
                _messages.Writer.TryWrite(frame);
                break;
            case "RECEIPT":
                if (_receipts.TryRemove(frame["receipt-id"], out var waiting))
                {
                    waiting.TrySetResult(frame);
                }

                break;
            case "CONNECTED":
                _connected.TrySetResult(frame);
                break;
            case "ERROR":
                _error = frame;
                break;
            case "BEAT":
                break;
            default:
                throw new InvalidDataException($"unexpected frame {frame}");
        }
    }
}
