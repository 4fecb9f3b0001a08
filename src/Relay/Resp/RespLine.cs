using System.Buffers;
using FastPush.Protocol;

namespace FastPush.Relay.Resp;

/// <summary>
/// The line that begins every RESP3 element: a type byte, then text or a number, then CR LF.
/// </summary>
/// <param name="type">What the element is.</param>
/// <param name="number">
/// Value of an integer or a boolean; bytes of a bulk string; direct children of an aggregate (twice its pairs for a map or an
/// attribute). -1 for RESP2's null string and null array.
/// </param>
/// <param name="text">What stands behind the type byte.</param>
internal readonly ref struct RespLine(RespType type, long number, ReadOnlySequence<byte> text)
{
    /// <summary>No simple string or error of Redis comes near this.</summary>
    public const int BytesMax = 16 * 1024;

    // Sign and 19 digits; what is longer is no 64-bit number.
    private const int NumberCharsMax = 20;

    public readonly RespType Type = type;
    public readonly long Number = number;
    public readonly ReadOnlySequence<byte> Text = text;

    /// <summary>The element's content follows: <see cref="Number"/> bytes and CR LF.</summary>
    public bool IsBulk => Type is RespType.BulkString or RespType.BulkError or RespType.VerbatimString;

    /// <summary>The element's content follows: <see cref="Number"/> elements.</summary>
    public bool IsAggregate => Type is RespType.Array or RespType.Map or RespType.Set or RespType.Push or RespType.Attribute;

    /// <summary>Reads one line; on anything but Done <paramref name="reader"/> has not moved.</summary>
    public static ParseStatus TryRead(ref SequenceReader<byte> reader, out RespLine line)
    {
        line = default;
        if (!reader.TryPeek(out var first))
        {
            return ParseStatus.NeedMore;
        }

        // Said at the first byte: a server that speaks something else may send no line end for long.
        var type = (RespType)first;
        if (!IsKnown(type))
        {
            return ParseStatus.Malformed;
        }

        var begin = reader;
        var start = reader;
        start.Advance(1);
        if (!start.TryReadToAny(out ReadOnlySequence<byte> text, "\r\n"u8, advancePastDelimiter: false))
        {
            return start.Remaining > BytesMax ? ParseStatus.TooLarge : ParseStatus.NeedMore;
        }

        if (text.Length > BytesMax)
        {
            return ParseStatus.TooLarge;
        }

        if (!start.TryPeek(1, out var second))
        {
            // A lone LF can never become a line end.
            return start.TryPeek(out var end) && end == (byte)'\n' ? ParseStatus.Malformed : ParseStatus.NeedMore;
        }

        start.TryPeek(out var terminator);
        if (terminator != (byte)'\r' || second != (byte)'\n' || !TryValue(type, text, out var number))
        {
            reader = begin;
            return ParseStatus.Malformed;
        }

        start.Advance(2);
        reader = start;
        line = new RespLine(type, number, text);
        return ParseStatus.Done;
    }

    private static bool IsKnown(RespType type) => type is
        RespType.SimpleString or RespType.SimpleError or RespType.Integer or RespType.BulkString or RespType.Array or RespType.Null
        or RespType.Boolean or RespType.Double or RespType.BigNumber or RespType.BulkError or RespType.VerbatimString or RespType.Map
        or RespType.Set or RespType.Push or RespType.Attribute;

    private static bool TryValue(RespType type, in ReadOnlySequence<byte> text, out long number)
    {
        number = 0;
        switch (type)
        {
            case RespType.SimpleString or RespType.SimpleError or RespType.Double or RespType.BigNumber:
                return true;
            case RespType.Null:
                return text.IsEmpty;
            case RespType.Boolean:
                number = text.Length == 1 && text.FirstSpan[0] == (byte)'t' ? 1 : 0;
                return text.Length == 1 && text.FirstSpan[0] is (byte)'t' or (byte)'f';
        }

        if (text.Length is 0 or > NumberCharsMax)
        {
            return false;
        }

        Span<byte> digits = stackalloc byte[NumberCharsMax];
        text.CopyTo(digits);
        if (!TryNumber(digits[..(int)text.Length], out number))
        {
            return false;
        }

        switch (type)
        {
            case RespType.Integer:
                return true;
            case RespType.BulkString or RespType.Array when number == -1:
                return true;
            case RespType.Map or RespType.Attribute:
                number = number <= long.MaxValue / 2 ? number * 2 : long.MaxValue;
                break;
        }

        return number >= 0;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        var negative = text[0] == (byte)'-';
        var digits = negative || text[0] == (byte)'+' ? text[1..] : text;
        number = 0;
        foreach (var character in digits)
        {
            var digit = character - '0';
            // Built below zero: the range of long is larger there by one.
            if ((uint)digit > 9 || number < (long.MinValue + digit) / 10)
            {
                return false;
            }

            number = number * 10 - digit;
        }

        if (negative)
        {
            return !digits.IsEmpty;
        }

        number = number == long.MinValue ? 0 : -number;
        return !digits.IsEmpty && (number > 0 || digits.IndexOfAnyExcept((byte)'0') < 0);
    }
}
