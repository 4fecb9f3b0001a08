using System.Text;
using FastPush.Load.Clients;
using FastPush.Load.Control;

namespace FastPush.Load.Wire;

/// <summary>What a client sends to log in and subscribe; the three requests after which a connection is ready.</summary>
internal static class StompRequest
{
    /// <summary>The WebSocket upgrade (RFC 6455, section 4.1) with a fixed key.</summary>
    public static void Upgrade(ref ByteText text, Target target, Credentials credentials, int connection)
    {
        text.Add("GET "u8);
        text.Add(Encoding.ASCII.GetBytes(target.Path));
        text.Add(" HTTP/1.1\r\nHost: "u8);
        text.Add(Encoding.ASCII.GetBytes(target.Host));
        text.Add("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"u8);
        text.Add("Sec-WebSocket-Protocol: v12.stomp\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"u8);
        credentials.AddHeader(ref text, connection);
        text.Add("\r\n"u8);
    }

    /// <summary>Whether a response accepts <see cref="Upgrade"/> (RFC 6455, section 1.3: what answers its key).</summary>
    public static bool IsUpgraded(HttpHead head) =>
        head.Status == 101 && head.Field("sec-websocket-accept"u8).SequenceEqual("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="u8);

    public static void Connect(ref ByteText text, int heartBeatMs)
    {
        text.Add("CONNECT\naccept-version:1.2\nhost:/\n"u8);
        if (heartBeatMs > 0)
        {
            text.Add("heart-beat:"u8);
            text.Add(heartBeatMs);
            text.Add(","u8);
            text.Add(heartBeatMs);
            text.Add("\n"u8);
        }

        text.Add("\n\0"u8);
    }

    /// <param name="id">Which of the connection's subscriptions it is.</param>
    /// <param name="isLast">Frames are served in their order: the last one's receipt stands for all.</param>
    public static void Subscribe(ref ByteText text, int id, ReadOnlySpan<byte> destination, LoadOptions options, bool isLast)
    {
        text.Add("SUBSCRIBE\nid:"u8);
        text.Add(id);
        text.Add("\ndestination:"u8);
        text.Add(destination);
        if (options.AckMode != "auto")
        {
            text.Add("\nack:"u8);
            text.Add(Encoding.ASCII.GetBytes(options.AckMode));
            text.Add("\nprefetch-count:"u8);
            text.Add(options.Prefetch);
        }

        text.Add(isLast ? "\nreceipt:s\n\n\0"u8 : "\n\n\0"u8);
    }
}
