using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using FastPush.Load.Control;
using FastPush.Load.Wire;

namespace FastPush.Load.Clients;

/// <summary>A subscriber over TLS that waits: for what an idle connection costs the server, not for traffic.</summary>
internal sealed class TlsConnection : IDisposable
{
    private const int BufferBytes = 16 << 10;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SslStream? _stream;
    private Task<int>? _waiting;

    /// <summary>The server ended it, or sent what nobody asked for.</summary>
    public bool IsOver => _waiting is { IsCompleted: true };

    /// <exception cref="IOException">The server refused the upgrade, the login or the subscription.</exception>
    public async Task LogInAsync(
        Target target, Credentials credentials, byte[] destination, LoadOptions options, int connection, CancellationToken stop)
    {
        var address = new IPAddress((uint)IPAddress.HostToNetworkOrder((int)target.Address));
        await _socket.ConnectAsync(address, target.Port, stop);
        _stream = new SslStream(new NetworkStream(_socket), leaveInnerStreamOpen: false, AcceptAnyCertificate);
        var settings = new SslClientAuthenticationOptions
        {
            TargetHost = address.ToString(),
            // Other clients' sessions are not this one's to resume: each handshake is a full one, as of a new client.
            AllowTlsResume = false,
        };
        await _stream.AuthenticateAsClientAsync(settings, stop);

        var buffer = new byte[BufferBytes];
        await _stream.WriteAsync(Upgrade(buffer, target, credentials, connection), stop);
        var rest = await ReadAsync(buffer, 0, TakeUpgrade, stop);
        await WriteFrameAsync(Connect, stop);
        rest = await ReadAsync(buffer, rest, bytes => Take(bytes, ServerCommand.Connected), stop);
        await WriteFrameAsync(scratch => Subscribe(scratch, destination, options), stop);
        await ReadAsync(buffer, rest, bytes => Take(bytes, ServerCommand.Receipt), stop);
        // A read of no bytes holds no buffer, and ends when there is something to read or the connection is over.
        _waiting = _stream.ReadAsync(Memory<byte>.Empty, CancellationToken.None).AsTask();
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _socket.Dispose();
    }

    // A load tool has nothing to protect, and the server under test has a certificate of its own making.
    private static bool AcceptAnyCertificate(object sender, object? certificate, object? chain, SslPolicyErrors errors) => true;

    private static ReadOnlyMemory<byte> Upgrade(byte[] buffer, Target target, Credentials credentials, int connection)
    {
        var text = new ByteText(buffer);
        StompRequest.Upgrade(ref text, target, credentials, connection);
        return buffer.AsMemory(0, text.Length);
    }

    private static int Connect(Span<byte> scratch)
    {
        var text = new ByteText(scratch);
        StompRequest.Connect(ref text, heartBeatMs: 0);
        return text.Length;
    }

    private static int Subscribe(Span<byte> scratch, byte[] destination, LoadOptions options)
    {
        var text = new ByteText(scratch);
        StompRequest.Subscribe(ref text, 0, destination, options, isLast: true);
        return text.Length;
    }

    private static int TakeUpgrade(ReadOnlySpan<byte> bytes) => !HttpHead.TryRead(bytes, out var head) ? 0
        : StompRequest.IsUpgraded(head) ? head.Length
        : throw new IOException($"no upgrade: {head.ToString()}");

    /// <summary>The length of a WebSocket frame that holds this STOMP frame; 0 when it is not all there yet.</summary>
    private static int Take(ReadOnlySpan<byte> bytes, ServerCommand expected)
    {
        if (!WebSocketFrame.TryReadHeader(bytes, out _, out _, out var header, out var length) || bytes.Length < header + length)
        {
            return 0;
        }

        return length > 0 && StompFrame.Read(bytes.Slice(header, length), out var frame) > 0 && frame.Command == expected
            ? header + length
            : throw new IOException($"not {expected}: {System.Text.Encoding.UTF8.GetString(bytes[header..])}");
    }

    private async Task WriteFrameAsync(WriteText write, CancellationToken stop)
    {
        var text = new byte[1024];
        var frame = new byte[text.Length + WebSocketFrame.HeaderBytesMax];
        var length = WebSocketFrame.Write(frame, WebSocketFrame.Text, text.AsSpan(0, write(text)));
        await _stream!.WriteAsync(frame.AsMemory(0, length), stop);
    }

    /// <summary>Reads until <paramref name="take"/> takes something; what is behind that is moved to the front and its length returned.</summary>
    private async Task<int> ReadAsync(byte[] buffer, int have, TakeBytes take, CancellationToken stop)
    {
        while (true)
        {
            var used = take(buffer.AsSpan(0, have));
            if (used > 0)
            {
                buffer.AsSpan(used, have - used).CopyTo(buffer);
                return have - used;
            }

            var count = await _stream!.ReadAsync(buffer.AsMemory(have), stop);
            have += count > 0 ? count : throw new IOException("closed by server");
        }
    }

    private delegate int WriteText(Span<byte> scratch);

    private delegate int TakeBytes(ReadOnlySpan<byte> bytes);
}
