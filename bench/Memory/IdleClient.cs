using System.Net;
using System.Net.Sockets;
using System.Text;
using FastPush.Bench.Fixtures;

namespace FastPush.Bench.Memory;

/// <summary>A user who connects, subscribes to their own queue and stays silent.</summary>
internal static class IdleClient
{
    private static readonly byte[] s_frames =
    [
        .. ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\nheart-beat:0,0\n\n"),
        .. ClientBytes.Stomp("SUBSCRIBE\nid:0\ndestination:/user/queue/messages\nreceipt:r\n\n"),
    ];

    /// <summary>Returns once the gateway has confirmed the subscription. The caller disposes the socket.</summary>
    public static async Task<Socket> ConnectAsync(IPEndPoint gateway, string token)
    {
        var socket = new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(gateway);
        var upgrade = $"GET /stomp HTTP/1.1\r\nHost: {gateway}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + $"Authorization: Bearer {token}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Protocol: v12.stomp\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(upgrade));
        await ExpectAsync(socket, "HTTP/1.1 101 ", "\r\n\r\n");
        await socket.SendAsync(s_frames);
        await ExpectAsync(socket, "CONNECTED", "RECEIPT\nreceipt-id:r\n\n\0");
        return socket;
    }

    private static async Task ExpectAsync(Socket socket, string holds, string ends)
    {
        var buffer = new byte[1024];
        for (var length = 0; ;)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length));
            length += received;
            var text = Encoding.Latin1.GetString(buffer, 0, length);
            if (text.Contains(holds, StringComparison.Ordinal) && text.EndsWith(ends, StringComparison.Ordinal))
            {
                return;
            }

            if (received == 0)
            {
                throw new InvalidOperationException($"The gateway answered: {text}");
            }
        }
    }
}
