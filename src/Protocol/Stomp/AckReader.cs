namespace FastPush.Protocol.Stomp;

/// <summary>
/// Reads the frame that comes once for every acknowledged delivery, in the form that clients give it (STOMP 1.2, "ACK"), in one pass.
/// What it does not know, <see cref="FrameReader"/> reads: where both know a frame they say the same.
/// <code>
/// "ACK" LF "id:" ack-id LF [ "subscription:" 1*64OCTET LF ] LF NUL
/// </code>
/// </summary>
public static class AckReader
{
    private const int SubscriptionBytesMax = 64;
    private const int HeadersMax = 2;
    private const int LineBytesMax = 128;

    private static ReadOnlySpan<byte> Start => "ACK\nid:"u8;

    private static ReadOnlySpan<byte> Subscription => "subscription:"u8;

    /// <summary>False, and nothing consumed, for every other or incomplete frame.</summary>
    /// <param name="buffer">Bytes from the start of a frame.</param>
    /// <param name="limits">Sizes; with smaller ones than these frames may have, none is read here.</param>
    /// <param name="id">Which delivery.</param>
    /// <param name="consumed">Bytes of the frame, NUL included.</param>
    public static bool TryRead(ReadOnlySpan<byte> buffer, ProtocolLimits limits, out AckId id, out int consumed)
    {
        id = default;
        consumed = 0;
        if (!buffer.StartsWith(Start) || limits.Headers < HeadersMax || limits.HeaderLineBytes < LineBytesMax)
        {
            return false;
        }

        int at = Start.Length;
        if (!AckId.TryRead(buffer[at..], out id, out int bytes) || buffer.Length <= at + bytes || buffer[at + bytes] != (byte)'\n')
        {
            return false;
        }

        at += bytes + 1;
        if (buffer[at..].StartsWith(Subscription) && !TrySkipValue(buffer, ref at))
        {
            return false;
        }

        if (buffer.Length - at < 2 || buffer[at] != (byte)'\n' || buffer[at + 1] != 0)
        {
            return false;
        }

        consumed = at + 2;
        return true;
    }

    // Visible ASCII, without what is, or begins, an escape: whatever else a value may be, the general reader judges.
    private static bool TrySkipValue(ReadOnlySpan<byte> buffer, ref int at)
    {
        at += Subscription.Length;
        int start = at;
        while (at < buffer.Length && at - start <= SubscriptionBytesMax)
        {
            byte octet = buffer[at++];
            if (octet == (byte)'\n')
            {
                return at - 1 > start;
            }

            if (octet is <= 0x20 or >= 0x7F or (byte)'\\' or (byte)':')
            {
                return false;
            }
        }

        return false;
    }
}
