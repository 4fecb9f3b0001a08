namespace FastPush.Protocol.Tls;

/// <summary>The KeyUpdate message (RFC 8446 section 4.6.3), alone in its record because no record may span a change of keys.</summary>
public static class KeyUpdate
{
    public const int Bytes = 5;

    private const byte MessageType = 24;

    public static void Write(Span<byte> message, bool isRequest)
    {
        message[0] = MessageType;
        message[1] = 0;
        message[2] = 0;
        message[3] = 1;
        message[4] = isRequest ? (byte)1 : (byte)0;
    }

    /// <summary>
    /// Reads a record of handshake messages: nothing but one KeyUpdate is accepted. No ticket or client certificate was ever asked for,
    /// and a message cut over several records is refused too, which no known client does.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> content, out bool isRequest, out TlsAlert fault)
    {
        isRequest = false;
        fault = TlsAlert.UnexpectedMessage;
        if (content.Length != Bytes || content[0] != MessageType)
        {
            return false;
        }

        isRequest = content[4] == 1;
        fault = content[4] > 1 ? TlsAlert.IllegalParameter : TlsAlert.DecodeError;
        return content[1] == 0 && content[2] == 0 && content[3] == 1 && content[4] <= 1;
    }
}
