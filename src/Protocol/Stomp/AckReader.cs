namespace FastPush.Protocol.Stomp;

/// <summary>
/// Reads the frame that comes once for every acknowledged delivery, in the form that clients give it (STOMP 1.2, "ACK"), in one pass.
/// What it does not know, <see cref="FrameReader"/> reads: where both know a frame they say the same.
/// <code>
/// "ACK" LF "id:" 1*9DIGIT "-" 1*18DIGIT LF [ "subscription:" 1*64OCTET LF ] LF NUL
/// </code>
/// </summary>
public static class AckReader
{
    private const int NumberDigitsMax = 9;
    private const int SequenceDigitsMax = 18;
    private const int SubscriptionBytesMax = 64;
    private const int HeadersMax = 2;
    private const int LineBytesMax = 128;

    private static ReadOnlySpan<byte> Start => "ACK\nid:"u8;

    private static ReadOnlySpan<byte> Subscription => "subscription:"u8;

    /// <summary>False, and nothing consumed, for every other or incomplete frame.</summary>
    /// <param name="buffer">Bytes from the start of a frame.</param>
    /// <param name="limits">Sizes; with smaller ones than these frames may have, none is read here.</param>
    /// <param name="number">Before the dash: the subscription's number.</param>
    /// <param name="sequence">Behind it: the delivery's place in the ACK window.</param>
    /// <param name="consumed">Bytes of the frame, NUL included.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> buffer, ProtocolLimits limits, out int number, out long sequence, out int consumed)
    {
        number = 0;
        sequence = 0;
        consumed = 0;
        if (!buffer.StartsWith(Start) || limits.Headers < HeadersMax || limits.HeaderLineBytes < LineBytesMax)
        {
            return false;
        }

        int at = Start.Length;
        if (!TryReadDigits(buffer, ref at, NumberDigitsMax, (byte)'-', out long first)
            || !TryReadDigits(buffer, ref at, SequenceDigitsMax, (byte)'\n', out sequence))
        {
            return false;
        }

        if (buffer[at..].StartsWith(Subscription) && !TrySkipValue(buffer, ref at))
        {
            return false;
        }

        if (buffer.Length - at < 2 || buffer[at] != (byte)'\n' || buffer[at + 1] != 0)
        {
            return false;
        }

        number = (int)first;
        consumed = at + 2;
        return true;
    }

    private static bool TryReadDigits(ReadOnlySpan<byte> buffer, ref int at, int digitsMax, byte end, out long value)
    {
        value = 0;
        int start = at;
        while (at < buffer.Length && at - start <= digitsMax)
        {
            uint digit = (uint)buffer[at] - '0';
            if (digit > 9)
            {
                return at > start && buffer[at++] == end;
            }

            value = (value * 10) + digit;
            at++;
        }

        return false;
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
