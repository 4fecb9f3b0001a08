using System.Text;

namespace FastPush.Protocol.Stomp;

/// <summary>
/// The part of a MESSAGE frame that all its receivers share, written once: every line but the command, <c>subscription</c>,
/// <c>ack</c> and <c>redelivered</c>, which the sender of each copy writes in front of it. All lines are in 1.2's escaped
/// form; <see cref="HeaderText.Translate"/> over <c>[0, bodyStart)</c> makes them those of an older version.
/// </summary>
public static class MessageTail
{
    private const int NumbersBytesMax = 3 * SpanWriter.NumberBytesMax;

    // Names that TravelsOn refuses whatever their case. Of most SEND frames no line has another, so that none need be looked at.
    private const uint StayBehind = 1u << (int)HeaderName.Destination
        | 1u << (int)HeaderName.ContentLength
        | 1u << (int)HeaderName.Receipt
        | 1u << (int)HeaderName.Transaction
        | 1u << (int)HeaderName.MessageId
        | 1u << (int)HeaderName.Subscription
        | 1u << (int)HeaderName.Ack
        | 1u << (int)HeaderName.Timestamp
        | 1u << (int)HeaderName.Redelivered
        | 1u << (int)HeaderName.Authorization
        | 1u << (int)HeaderName.Login
        | 1u << (int)HeaderName.Passcode;

    private static ReadOnlySpan<byte> FixedText => "message-id:\ndestination:\ntimestamp:\ncontent-length:\n\n\0"u8;

    private static ReadOnlySpan<byte> OwnPrefix => "x-fastpush-"u8;

    /// <summary>Enough bytes for the tail of a message that a SEND brought, whatever its version.</summary>
    /// <param name="send">The SEND frame.</param>
    /// <param name="destination">The destination, unescaped or escaped.</param>
    public static int Size(in StompFrame send, ReadOnlySpan<byte> destination) =>
        Size(2 * destination.Length, 2 * send.HeaderBytes.Length, send.Body.Length);

    /// <summary>Enough bytes for the tail of a message with escaped parts of these lengths.</summary>
    public static int Size(int destinationEscapedBytes, int headerLinesBytes, int bodyBytes) =>
        FixedText.Length + NumbersBytesMax + destinationEscapedBytes + headerLinesBytes + bodyBytes;

    /// <summary>Writes the tail of a message that a SEND brought; the SEND's own headers travel on in their order.</summary>
    /// <param name="dest">At least <see cref="Size(in StompFrame, ReadOnlySpan{byte})"/> long.</param>
    /// <param name="messageId">Snowflake id.</param>
    /// <param name="destinationEscaped">What receivers see as destination, in 1.2's escaped form.</param>
    /// <param name="timestampMs">Unix time in ms.</param>
    /// <param name="send">The SEND frame.</param>
    /// <param name="sentAs">Version of the connection it came on.</param>
    /// <param name="headersStart">Offset of the SEND's own header lines.</param>
    /// <param name="bodyStart">Offset of the body; <see cref="HeaderLinesEnd"/> tells where the lines end before it.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(
        Span<byte> dest,
        long messageId,
        ReadOnlySpan<byte> destinationEscaped,
        long timestampMs,
        in StompFrame send,
        StompVersion sentAs,
        out int headersStart,
        out int bodyStart)
    {
        var writer = new SpanWriter(dest);
        AppendOwnLines(ref writer, messageId, destinationEscaped, timestampMs);
        headersStart = writer.Written;
        if ((send.Names & ~StayBehind) != 0)
        {
            AppendTravellers(ref writer, send, sentAs);
        }

        AppendBody(ref writer, send.Body, out bodyStart);
        return writer.Written;
    }

    /// <summary>Writes the tail of a message that did not come as a SEND: by HTTP, from the relay or from a store.</summary>
    /// <param name="dest">At least <see cref="Size(int, int, int)"/> long.</param>
    /// <param name="messageId">Snowflake id.</param>
    /// <param name="destinationEscaped">What receivers see as destination, in 1.2's escaped form.</param>
    /// <param name="timestampMs">Unix time in ms.</param>
    /// <param name="headerLines12">Header lines in 1.2's escaped form, each ended by LF; may be empty. Copied as they are.</param>
    /// <param name="body">The body.</param>
    /// <param name="headersStart">Offset of <paramref name="headerLines12"/>.</param>
    /// <param name="bodyStart">Offset of the body.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(
        Span<byte> dest,
        long messageId,
        ReadOnlySpan<byte> destinationEscaped,
        long timestampMs,
        ReadOnlySpan<byte> headerLines12,
        ReadOnlySpan<byte> body,
        out int headersStart,
        out int bodyStart)
    {
        var writer = new SpanWriter(dest);
        AppendOwnLines(ref writer, messageId, destinationEscaped, timestampMs);
        headersStart = writer.Written;
        writer.Append(headerLines12);
        AppendBody(ref writer, body, out bodyStart);
        return writer.Written;
    }

    /// <summary>Offset where the travelling header lines end, from the offset and the length of the body.</summary>
    public static int HeaderLinesEnd(int bodyStart, int bodyBytes)
    {
        int digits = 1;
        for (int rest = bodyBytes / 10; rest > 0; rest /= 10)
        {
            digits++;
        }

        return bodyStart - "content-length:\n\n"u8.Length - digits;
    }

    /// <summary>
    /// False for headers that speak to this server, that this server sets in MESSAGE, or that hold a secret. Names with
    /// <c>x-fastpush-</c> in front are the server's own, in any case of letters.
    /// </summary>
    public static bool TravelsOn(in StompHeader header)
    {
        HeaderName known = header.Known;
        if (known != HeaderName.Other)
        {
            return (StayBehind & (1u << (int)known)) == 0;
        }

        ReadOnlySpan<byte> name = header.Name;
        return name.Length < OwnPrefix.Length || !Ascii.EqualsIgnoreCase(name[..OwnPrefix.Length], OwnPrefix);
    }

    private static void AppendOwnLines(
        ref SpanWriter writer, long messageId, ReadOnlySpan<byte> destinationEscaped, long timestampMs)
    {
        writer.Append("message-id:"u8);
        writer.Append(messageId);
        writer.Append("\ndestination:"u8);
        writer.Append(destinationEscaped);
        writer.Append("\ntimestamp:"u8);
        writer.Append(timestampMs);
        writer.Append((byte)'\n');
    }

    private static void AppendTravellers(ref SpanWriter writer, in StompFrame send, StompVersion sentAs)
    {
        foreach (StompHeader header in send.Headers)
        {
            if (!TravelsOn(header))
            {
                continue;
            }

            if (sentAs == StompVersion.V10)
            {
                writer.Advance(HeaderText.Escape(header.Name, StompVersion.V12, writer.Rest, isName: true));
                writer.Append((byte)':');
                writer.Advance(HeaderText.Escape(header.Value, StompVersion.V12, writer.Rest));
            }
            else
            {
                writer.Append(header.Line);
            }

            writer.Append((byte)'\n');
        }
    }

    private static void AppendBody(ref SpanWriter writer, ReadOnlySpan<byte> body, out int bodyStart)
    {
        writer.Append("content-length:"u8);
        writer.Append(body.Length);
        writer.Append("\n\n"u8);
        bodyStart = writer.Written;
        writer.Append(body);
        writer.Append((byte)0);
    }
}
