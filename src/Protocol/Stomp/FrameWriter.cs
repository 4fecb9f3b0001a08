namespace FastPush.Protocol.Stomp;

/// <summary>
/// Writes whole server frames, each ended by NUL, without a WebSocket header. MESSAGE is not here: see <see cref="MessageTail"/>.
/// </summary>
public static class FrameWriter
{
    private const int ReceiptLineBytes = 12; // "receipt-id:" and LF

    private static ReadOnlySpan<byte> ErrorStart => "ERROR\nmessage:"u8;

    private static ReadOnlySpan<byte> VersionsLine => "\nversion:1.0,1.1,1.2"u8;

    private static ReadOnlySpan<byte> ErrorType => "\ncontent-type:text/plain\ncontent-length:"u8;

    /// <summary>Enough bytes for <see cref="WriteConnected"/> with values of these lengths.</summary>
    public static int MaxConnectedBytes(int sessionBytes, int serverBytes, int userNameBytes) =>
        "CONNECTED\nversion:1.2\nsession:\nserver:\nheart-beat:,\nuser-name:\n\n\0"u8.Length
        + sessionBytes + serverBytes + userNameBytes + (2 * SpanWriter.NumberBytesMax);

    /// <summary>Enough bytes for <see cref="WriteReceipt"/> with a receipt id of this length.</summary>
    public static int MaxReceiptBytes(int receiptBytes) =>
        "RECEIPT\nreceipt-id:\nmessage-id:\ngap:true\n\n\0"u8.Length + receiptBytes + SpanWriter.NumberBytesMax;

    /// <summary>Enough bytes for <see cref="WriteError"/> to cut nothing.</summary>
    public static int MaxErrorBytes(int messageBytes, int receiptBytes, int bodyBytes, bool namesVersions = false) =>
        ErrorBytes(2 * messageBytes) + (namesVersions ? VersionsLine.Length : 0) + ReceiptLineBytes + receiptBytes + bodyBytes;

    /// <summary>
    /// CONNECTED (STOMP 1.2, "CONNECTED Frame"). It is never escaped, so a CR, LF or NUL in a value becomes a space. Empty values
    /// are left out.
    /// </summary>
    /// <param name="destination">At least <see cref="MaxConnectedBytes"/> long.</param>
    /// <param name="version">The negotiated version.</param>
    /// <param name="session">Session id.</param>
    /// <param name="server">Name and version of the server.</param>
    /// <param name="heartBeatSendMs">Smallest gap between heart-beats that this side can guarantee, in ms; 0 = it sends none.</param>
    /// <param name="heartBeatWantMs">Gap between heart-beats that this side would like to get, in ms; 0 = it wants none.</param>
    /// <param name="userName">Who was let in.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteConnected(
        Span<byte> destination,
        StompVersion version,
        ReadOnlySpan<byte> session,
        ReadOnlySpan<byte> server,
        int heartBeatSendMs,
        int heartBeatWantMs,
        ReadOnlySpan<byte> userName)
    {
        var writer = new SpanWriter(destination);
        writer.Append("CONNECTED\nversion:1."u8);
        writer.Append((byte)('0' + (int)version));
        AppendUnescaped(ref writer, "\nsession:"u8, session);
        AppendUnescaped(ref writer, "\nserver:"u8, server);
        writer.Append("\nheart-beat:"u8);
        writer.Append(heartBeatSendMs);
        writer.Append((byte)',');
        writer.Append(heartBeatWantMs);
        AppendUnescaped(ref writer, "\nuser-name:"u8, userName);
        writer.Append("\n\n\0"u8);
        return writer.Written;
    }

    /// <summary>RECEIPT (STOMP 1.2, "RECEIPT").</summary>
    /// <param name="destination">At least <see cref="MaxReceiptBytes"/> long.</param>
    /// <param name="receiptIdRaw">
    /// The client's receipt as it came, still escaped; CONNECT's, which is never escaped, must be escaped first.
    /// </param>
    /// <param name="messageId">Id that the SEND's message got; 0 leaves the header out.</param>
    /// <param name="isGap">Of what a SUBSCRIBE resumes after some is gone.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteReceipt(Span<byte> destination, ReadOnlySpan<byte> receiptIdRaw, long messageId, bool isGap = false)
    {
        var writer = new SpanWriter(destination);
        writer.Append("RECEIPT\nreceipt-id:"u8);
        writer.Append(receiptIdRaw);
        if (messageId != 0)
        {
            writer.Append("\nmessage-id:"u8);
            writer.Append(messageId);
        }

        if (isGap)
        {
            writer.Append("\ngap:true"u8);
        }

        writer.Append("\n\n\0"u8);
        return writer.Written;
    }

    /// <summary>
    /// ERROR (STOMP 1.2, "ERROR"). If the destination is too short, first the body is cut (between two characters), then the
    /// receipt id is left out: a cut id would name another frame.
    /// </summary>
    /// <param name="destination">At least <c>MaxErrorBytes(message.Length, 0, 0)</c> long.</param>
    /// <param name="version">The receiver's version.</param>
    /// <param name="message">Short text of the <c>message</c> header, unescaped.</param>
    /// <param name="receiptIdRaw">The offender's receipt as it came, still escaped; may be empty.</param>
    /// <param name="body">UTF-8 text that says what was wrong.</param>
    /// <param name="namesVersions">
    /// The header <c>version</c> tells all that this side speaks, as a client needs that offered none of them (STOMP 1.2, "Protocol
    /// Negotiation").
    /// </param>
    /// <returns>Bytes written.</returns>
    public static int WriteError(
        Span<byte> destination,
        StompVersion version,
        ReadOnlySpan<byte> message,
        ReadOnlySpan<byte> receiptIdRaw,
        ReadOnlySpan<byte> body,
        bool namesVersions = false)
    {
        ReadOnlySpan<byte> versions = namesVersions ? VersionsLine : default;
        int room = destination.Length - ErrorBytes(HeaderText.EscapedSize(message, version)) - versions.Length;
        int receiptBytes = receiptIdRaw.IsEmpty ? 0 : ReceiptLineBytes + receiptIdRaw.Length;
        if (receiptBytes > room)
        {
            receiptBytes = 0;
        }

        body = CutBetweenCharacters(body, Math.Max(0, room - receiptBytes));
        var writer = new SpanWriter(destination);
        writer.Append(ErrorStart);
        writer.Advance(HeaderText.Escape(message, version, writer.Rest));
        writer.Append(versions);
        if (receiptBytes > 0)
        {
            writer.Append("\nreceipt-id:"u8);
            writer.Append(receiptIdRaw);
        }

        writer.Append(ErrorType);
        writer.Append(body.Length);
        writer.Append("\n\n"u8);
        writer.Append(body);
        writer.Append((byte)0);
        return writer.Written;
    }

    // Ten digits for the body's length, then two LF and the NUL.
    private static int ErrorBytes(int escapedMessageBytes) => ErrorStart.Length + escapedMessageBytes + ErrorType.Length + 10 + 3;

    private static void AppendUnescaped(ref SpanWriter writer, ReadOnlySpan<byte> start, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            writer.Append(start);
            writer.AppendInOneLine(value);
        }
    }

    private static ReadOnlySpan<byte> CutBetweenCharacters(ReadOnlySpan<byte> text, int bytesMax)
    {
        if (text.Length <= bytesMax)
        {
            return text;
        }

        int end = bytesMax;
        while (end > 0 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return text[..end];
    }
}
