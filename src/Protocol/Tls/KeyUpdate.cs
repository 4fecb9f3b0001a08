namespace FastPush.Protocol.Tls;

/// <summary>The KeyUpdate message (RFC 8446 section 4.6.3), the last of its record because none may span a change of keys.</summary>
public static class KeyUpdate
{
    public const int Bytes = 5;

    private const byte MessageType = 24;

    private static ReadOnlySpan<byte> Head => [MessageType, 0, 0, 1];

    public static void Write(Span<byte> message, bool isRequest)
    {
        Head.CopyTo(message);
        message[Head.Length] = isRequest ? (byte)1 : (byte)0;
    }

    /// <summary>
    /// Reads a record of handshake messages: nothing but one KeyUpdate is accepted, whole or cut over several records. No ticket or
    /// client certificate was ever asked for.
    /// </summary>
    /// <param name="content">The record's content.</param>
    /// <param name="begun">
    /// Bytes of the message that records before brought; 0 at first and after <see cref="ParseStatus.Done"/>. What they were need not be
    /// kept, since only one beginning is accepted.
    /// </param>
    /// <param name="isRequest">The peer wants a new key in the other direction too.</param>
    /// <param name="fault">What a peer is to be told whose record is malformed.</param>
    public static ParseStatus TryRead(ReadOnlySpan<byte> content, ref int begun, out bool isRequest, out TlsAlert fault)
    {
        isRequest = false;
        fault = TlsAlert.UnexpectedMessage;
        if (content.IsEmpty)
        {
            return ParseStatus.Malformed; // RFC 8446 section 5.4: no handshake record is empty.
        }

        var head = content[..Math.Min(content.Length, Head.Length - begun)];
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] != Head[begun + i])
            {
                fault = begun + i == 0 ? TlsAlert.UnexpectedMessage : TlsAlert.DecodeError; // Another message, or another length.
                return ParseStatus.Malformed;
            }
        }

        begun += head.Length;
        if (content.Length == head.Length)
        {
            return ParseStatus.NeedMore;
        }

        var request = content[head.Length];
        if (request > 1)
        {
            fault = TlsAlert.IllegalParameter;
            return ParseStatus.Malformed;
        }

        if (content.Length > head.Length + 1)
        {
            return ParseStatus.Malformed; // RFC 8446 section 5.1: what follows would be under the old key.
        }

        isRequest = request == 1;
        begun = 0;
        return ParseStatus.Done;
    }
}
