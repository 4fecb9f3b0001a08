using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Handshake;

/// <summary>Writes the server's side of the opening handshake (RFC 6455 section 4.2.2).</summary>
public static class UpgradeResponse
{
    /// <summary>Enough for any <see cref="WriteAccept"/>, in bytes.</summary>
    public const int AcceptBytesMax = 256;

    /// <summary>What <see cref="WriteRefusal"/> needs beside its arguments, in bytes; title and detail count six times, for escapes.</summary>
    public const int RefusalOverheadBytesMax = 384;

    private const int UpgradeRequired = 426;
    private const int KeyBytesMax = 64;

    // RFC 6455 section 1.3.
    private static ReadOnlySpan<byte> KeySuffix => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>Writes the 101 response and returns its size in bytes.</summary>
    /// <param name="destination">At least <see cref="AcceptBytesMax"/> bytes; a shorter one may throw <see cref="ArgumentException"/>.</param>
    /// <param name="key">The request's key, as <see cref="UpgradeRequest.Key"/> gives it.</param>
    /// <param name="subprotocol">The version agreed by <c>Sec-WebSocket-Protocol</c>; null leaves that line out.</param>
    public static int WriteAccept(Span<byte> destination, ReadOnlySpan<byte> key, StompVersion? subprotocol)
    {
        var writer = new SpanWriter(destination);
        writer.Append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "u8);
        AppendAcceptKey(ref writer, key);
        if (subprotocol is { } version)
        {
            writer.Append("\r\nSec-WebSocket-Protocol: "u8);
            writer.Append(SubprotocolChoice.NameOf(version));
        }

        writer.Append("\r\n\r\n"u8);
        return writer.Written;
    }

    /// <summary>
    /// Writes a whole HTTP/1.1 response that refuses the upgrade and closes, with a problem body (RFC 9457), and returns its size in
    /// bytes. 426 also says <c>Sec-WebSocket-Version: 13</c> (RFC 6455 section 4.4) and <c>Upgrade</c> (RFC 9110 section 15.5.22).
    /// </summary>
    /// <param name="destination">At least <see cref="RefusalOverheadBytesMax"/> beside the rest; too short throws <see cref="ArgumentException"/>.</param>
    /// <param name="status">HTTP status code.</param>
    /// <param name="reasonPhrase">The words after the status.</param>
    /// <param name="extraHeaderLines">Further header lines, each with its CRLF; may be empty.</param>
    /// <param name="title">UTF-8, not escaped yet.</param>
    /// <param name="detail">UTF-8, not escaped yet.</param>
    public static int WriteRefusal(
        Span<byte> destination, int status, ReadOnlySpan<byte> reasonPhrase, ReadOnlySpan<byte> extraHeaderLines,
        ReadOnlySpan<byte> title, ReadOnlySpan<byte> detail)
    {
        var begin = "{\"type\":\"about:blank\",\"title\":\""u8;
        var beforeStatus = "\",\"status\":"u8;
        var beforeDetail = ",\"detail\":\""u8;
        var end = "\"}"u8;
        Span<byte> digits = stackalloc byte[11];
        var statusWriter = new SpanWriter(digits);
        statusWriter.Append(status);
        var statusText = digits[..statusWriter.Written];

        var writer = new SpanWriter(destination);
        writer.Append("HTTP/1.1 "u8);
        writer.Append(statusText);
        writer.Append(" "u8);
        writer.Append(reasonPhrase);
        writer.Append(status == UpgradeRequired
            ? "\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"u8
            : "\r\nConnection: close\r\n"u8);
        writer.Append(extraHeaderLines);
        writer.Append("Content-Type: application/problem+json\r\nContent-Length: "u8);
        writer.Append(begin.Length + JsonText.Size(title) + beforeStatus.Length + statusText.Length
            + beforeDetail.Length + JsonText.Size(detail) + end.Length);
        writer.Append("\r\n\r\n"u8);

        writer.Append(begin);
        JsonText.Append(ref writer, title);
        writer.Append(beforeStatus);
        writer.Append(statusText);
        writer.Append(beforeDetail);
        JsonText.Append(ref writer, detail);
        writer.Append(end);
        return writer.Written;
    }

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 section 4.2.2 asks for SHA-1; nothing is kept secret by it.")]
    private static void AppendAcceptKey(ref SpanWriter writer, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, KeyBytesMax);
        Span<byte> joined = stackalloc byte[KeyBytesMax + KeySuffix.Length];
        key.CopyTo(joined);
        KeySuffix.CopyTo(joined[key.Length..]);

        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(joined[..(key.Length + KeySuffix.Length)], hash);
        if (Base64.EncodeToUtf8(hash, writer.Free, out _, out var written) != OperationStatus.Done)
        {
            throw new ArgumentException("The destination is too short.", nameof(writer));
        }

        writer.Advance(written);
    }
}
