using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace FastPush.Protocol.Stomp;

/// <summary>
/// What an <c>ack</c> header says: a delivery of one session, so that an ACK or NACK which comes late, on another connection, settles
/// nothing there. Opaque to clients; a session's part has a fixed width, so it can be put in the place of another's.
/// <code>
/// 16HEXDIG "-" 1*9DIGIT "-" 1*18DIGIT
/// </code>
/// </summary>
/// <param name="Session">Names the session among all that ever were.</param>
/// <param name="Subscription">Number of the subscription in its session.</param>
/// <param name="Sequence">Place of the delivery in the subscription's ACK window.</param>
public readonly record struct AckId(ulong Session, int Subscription, long Sequence)
{
    /// <summary>Bytes of the session's part, which comes first.</summary>
    public const int SessionBytes = 16;

    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = SessionBytes + 1 + 10 + 1 + 19;

    private const int SubscriptionDigitsMax = 9;
    private const int SequenceDigitsMax = 18;

    /// <summary>Writes it and returns the number of bytes.</summary>
    public int Write(Span<byte> destination)
    {
        WriteSession(destination, Session);
        destination[SessionBytes] = (byte)'-';
        Utf8Formatter.TryFormat(Subscription, destination[(SessionBytes + 1)..], out int digits);
        int at = SessionBytes + 1 + digits;
        destination[at++] = (byte)'-';
        Utf8Formatter.TryFormat(Sequence, destination[at..], out digits);
        return at + digits;
    }

    /// <summary>Writes the session's part.</summary>
    public static void WriteSession(Span<byte> destination, ulong session)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, ToHex((uint)(session >> 32)));
        BinaryPrimitives.WriteUInt64BigEndian(destination[(SessionBytes / 2)..], ToHex((uint)session));
    }

    /// <summary>Reads the one that <paramref name="text"/> begins with. False when it begins with none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out AckId id, out int bytes)
    {
        id = default;
        bytes = 0;
        if (text.Length < SessionBytes || !TryParseHex(text, out uint high) || !TryParseHex(text[(SessionBytes / 2)..], out uint low))
        {
            return false;
        }

        int at = SessionBytes;
        if (!TryReadNumber(text, ref at, SubscriptionDigitsMax, out long subscription)
            || !TryReadNumber(text, ref at, SequenceDigitsMax, out long sequence))
        {
            return false;
        }

        id = new AckId(((ulong)high << 32) | low, (int)subscription, sequence);
        bytes = at;
        return true;
    }

    /// <summary>Reads the whole of <paramref name="text"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out AckId id) => TryRead(text, out id, out int bytes) && bytes == text.Length;

    /// <summary>As it stands in the header.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[BytesMax];
        return Encoding.ASCII.GetString(text[..Write(text)]);
    }

    // "-" and digits.
    private static bool TryReadNumber(ReadOnlySpan<byte> text, ref int at, int digitsMax, out long value)
    {
        value = 0;
        if (at >= text.Length || text[at] != (byte)'-')
        {
            return false;
        }

        int start = ++at;
        while (at < text.Length && (uint)(text[at] - '0') <= 9)
        {
            if (at - start == digitsMax)
            {
                return false;
            }

            value = (value * 10) + text[at++] - '0';
        }

        return at > start;
    }

    // Eight lower-case digits at once, in the bytes of a word: the value goes apart into nibbles, and those above 9 to the letters.
    private static ulong ToHex(uint value)
    {
        ulong nibbles = value;
        nibbles = (nibbles | (nibbles << 16)) & 0x0000FFFF0000FFFF;
        nibbles = (nibbles | (nibbles << 8)) & 0x00FF00FF00FF00FF;
        nibbles = (nibbles | (nibbles << 4)) & 0x0F0F0F0F0F0F0F0F;
        ulong letters = ((nibbles + 0x0606060606060606) >> 4) & 0x0101010101010101;
        return nibbles + 0x3030303030303030 + (letters * ('a' - '0' - 10));
    }

    private static bool TryParseHex(ReadOnlySpan<byte> text, out uint value)
    {
        ulong digits = BinaryPrimitives.ReadUInt64BigEndian(text);
        ulong nibbles = (digits & 0x0F0F0F0F0F0F0F0F) + (((digits >> 6) & 0x0101010101010101) * 9);
        nibbles = (nibbles | (nibbles >> 4)) & 0x00FF00FF00FF00FF;
        nibbles = (nibbles | (nibbles >> 8)) & 0x0000FFFF0000FFFF;
        value = (uint)(nibbles | (nibbles >> 16));
        return ToHex(value) == digits; // Anything but a lower-case digit gives other digits back.
    }
}
