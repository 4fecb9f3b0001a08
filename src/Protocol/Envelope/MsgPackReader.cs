using System.Buffers.Binary;
using System.Text.Unicode;

namespace FastPush.Protocol.Envelope;

/// <summary>
/// Reads MessagePack values one after another. Each method gives Done and steps over the value, or leaves
/// <see cref="Position"/> where it was: NeedMore (the value is cut), Malformed (another type, or not legal), TooLarge (a
/// length or count beyond what a span can hold). Longer forms than needed are accepted, as other writers choose them.
/// </summary>
public ref struct MsgPackReader(ReadOnlySpan<byte> buffer)
{
    /// <summary>How deep arrays and maps may nest in a skipped value.</summary>
    public const int SkipDepthMax = 16;

    private readonly ReadOnlySpan<byte> _buffer = buffer;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>nil.</summary>
    public ParseStatus ReadNil() =>
        Position == _buffer.Length ? ParseStatus.NeedMore
        : _buffer[Position] == MsgPackCode.Nil ? Step(1)
        : ParseStatus.Malformed;

    /// <summary>false or true.</summary>
    public ParseStatus ReadBool(out bool value)
    {
        value = false;
        if (Position == _buffer.Length)
        {
            return ParseStatus.NeedMore;
        }

        byte code = _buffer[Position];
        value = code == MsgPackCode.True;
        return code is MsgPackCode.True or MsgPackCode.False ? Step(1) : ParseStatus.Malformed;
    }

    /// <summary>Integer of any format that fits a long.</summary>
    public ParseStatus ReadInt(out long value)
    {
        value = 0;
        if (Position == _buffer.Length)
        {
            return ParseStatus.NeedMore;
        }

        byte code = _buffer[Position];
        if (code is < MsgPackCode.FixMap or >= MsgPackCode.NegativeFixInt)
        {
            value = (sbyte)code;
            return Step(1);
        }

        if (code is < MsgPackCode.UInt8 or > MsgPackCode.Int64)
        {
            return ParseStatus.Malformed;
        }

        // The codes of 1, 2, 4 and 8 bytes end in the bits 00, 01, 10 and 11.
        int size = 1 << (code & 3);
        ReadOnlySpan<byte> rest = _buffer[(Position + 1)..];
        if (rest.Length < size)
        {
            return ParseStatus.NeedMore;
        }

        if (code == MsgPackCode.UInt64 && rest[0] > 0x7F)
        {
            return ParseStatus.Malformed;
        }

        value = code switch
        {
            MsgPackCode.UInt8 => rest[0],
            MsgPackCode.UInt16 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            MsgPackCode.UInt32 => BinaryPrimitives.ReadUInt32BigEndian(rest),
            MsgPackCode.Int8 => (sbyte)rest[0],
            MsgPackCode.Int16 => BinaryPrimitives.ReadInt16BigEndian(rest),
            MsgPackCode.Int32 => BinaryPrimitives.ReadInt32BigEndian(rest),
            _ => BinaryPrimitives.ReadInt64BigEndian(rest),
        };
        return Step(1 + size);
    }

    /// <summary>str, checked to be UTF-8.</summary>
    public ParseStatus ReadStr(out ReadOnlySpan<byte> utf8)
    {
        int before = Position;
        ParseStatus status = ReadData(MsgPackCode.Str8, out utf8);
        if (status == ParseStatus.Done && !Utf8.IsValid(utf8))
        {
            Position = before;
            utf8 = default;
            return ParseStatus.Malformed;
        }

        return status;
    }

    /// <summary>bin.</summary>
    public ParseStatus ReadBin(out ReadOnlySpan<byte> bytes) => ReadData(MsgPackCode.Bin8, out bytes);

    /// <summary>Head of an array.</summary>
    public ParseStatus ReadArrayHeader(out int count) => ReadCount(MsgPackCode.FixArray, MsgPackCode.Array16, out count);

    /// <summary>Head of a map; the count is of pairs.</summary>
    public ParseStatus ReadMapHeader(out int count) => ReadCount(MsgPackCode.FixMap, MsgPackCode.Map16, out count);

    /// <summary>Steps over one value of any type with all that is in it; deeper than <see cref="SkipDepthMax"/> is Malformed.</summary>
    public ParseStatus Skip()
    {
        int before = Position;
        ParseStatus status = Skip(SkipDepthMax);
        if (status != ParseStatus.Done)
        {
            Position = before;
        }

        return status;
    }

    private ParseStatus Skip(int depth)
    {
        if (Position == _buffer.Length)
        {
            return ParseStatus.NeedMore;
        }

        byte code = _buffer[Position];
        switch (code)
        {
            case MsgPackCode.NeverUsed:
                return ParseStatus.Malformed;
            case MsgPackCode.Nil or MsgPackCode.False or MsgPackCode.True:
                return Step(1);
            case MsgPackCode.Float32 or MsgPackCode.Float64:
                return SkipBytes(code == MsgPackCode.Float32 ? 5 : 9);
            case >= MsgPackCode.FixExt1 and <= MsgPackCode.FixExt16:
                return SkipBytes(2 + (1 << (code - MsgPackCode.FixExt1)));
            case >= MsgPackCode.Ext8 and <= MsgPackCode.Ext32:
                return SkipExt(1 << (code - MsgPackCode.Ext8));
            case >= MsgPackCode.Bin8 and <= MsgPackCode.Bin32:
                return ReadData(MsgPackCode.Bin8, out _);
            case (>= MsgPackCode.Str8 and <= MsgPackCode.Str32) or (>= MsgPackCode.FixStr and < MsgPackCode.Nil):
                return ReadData(MsgPackCode.Str8, out _);
            case MsgPackCode.Array16 or MsgPackCode.Array32 or (>= MsgPackCode.FixArray and < MsgPackCode.FixStr):
                ParseStatus array = ReadArrayHeader(out int values);
                return array == ParseStatus.Done ? SkipValues(values, depth - 1) : array;
            case MsgPackCode.Map16 or MsgPackCode.Map32 or (>= MsgPackCode.FixMap and < MsgPackCode.FixArray):
                ParseStatus map = ReadMapHeader(out int pairs);
                return map == ParseStatus.Done ? SkipValues(2L * pairs, depth - 1) : map;
            default:
                // A uint64 beyond a long is no integer for ReadInt, but still a value.
                return code == MsgPackCode.UInt64 ? SkipBytes(9) : ReadInt(out _);
        }
    }

    private ParseStatus SkipValues(long count, int depth)
    {
        if (depth == 0)
        {
            return ParseStatus.Malformed;
        }

        for (long i = 0; i < count; i++)
        {
            ParseStatus status = Skip(depth);
            if (status != ParseStatus.Done)
            {
                return status;
            }
        }

        return ParseStatus.Done;
    }

    private ParseStatus SkipExt(int lengthBytes)
    {
        ParseStatus status = PeekBigEndian(lengthBytes, out uint length);
        return status == ParseStatus.Done ? SkipBytes(2L + lengthBytes + length) : status;
    }

    private ParseStatus SkipBytes(long count)
    {
        if (count > int.MaxValue)
        {
            return ParseStatus.TooLarge;
        }

        return _buffer.Length - Position < count ? ParseStatus.NeedMore : Step((int)count);
    }

    // The 8, 16 and 32 bit forms of str and of bin have codes in a row; only str has a one-byte head as well.
    private ParseStatus ReadData(byte code8, out ReadOnlySpan<byte> data)
    {
        data = default;
        if (Position == _buffer.Length)
        {
            return ParseStatus.NeedMore;
        }

        byte code = _buffer[Position];
        int headBytes = 1;
        uint length = (uint)(code & 0x1F);
        if (code8 != MsgPackCode.Str8 || (code & 0xE0) != MsgPackCode.FixStr)
        {
            if (code < code8 || code > code8 + 2)
            {
                return ParseStatus.Malformed;
            }

            int lengthBytes = 1 << (code - code8);
            ParseStatus status = PeekBigEndian(lengthBytes, out length);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            headBytes += lengthBytes;
        }

        int start = Position + headBytes;
        ParseStatus whole = SkipBytes(headBytes + (long)length);
        if (whole == ParseStatus.Done)
        {
            data = _buffer.Slice(start, (int)length);
        }

        return whole;
    }

    private ParseStatus ReadCount(byte fix, byte code16, out int count)
    {
        count = 0;
        if (Position == _buffer.Length)
        {
            return ParseStatus.NeedMore;
        }

        byte code = _buffer[Position];
        if ((code & 0xF0) == fix)
        {
            count = code & 0x0F;
            return Step(1);
        }

        if (code != code16 && code != code16 + 1)
        {
            return ParseStatus.Malformed;
        }

        int countBytes = code == code16 ? 2 : 4;
        ParseStatus status = PeekBigEndian(countBytes, out uint value);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (value > int.MaxValue)
        {
            return ParseStatus.TooLarge;
        }

        count = (int)value;
        return Step(1 + countBytes);
    }

    // The 1, 2 or 4 bytes after the code.
    private readonly ParseStatus PeekBigEndian(int size, out uint value)
    {
        value = 0;
        ReadOnlySpan<byte> rest = _buffer[(Position + 1)..];
        if (rest.Length < size)
        {
            return ParseStatus.NeedMore;
        }

        value = size switch
        {
            1 => rest[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            _ => BinaryPrimitives.ReadUInt32BigEndian(rest),
        };
        return ParseStatus.Done;
    }

    private ParseStatus Step(int count)
    {
        Position += count;
        return ParseStatus.Done;
    }
}
