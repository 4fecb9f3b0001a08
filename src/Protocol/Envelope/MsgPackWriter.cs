using System.Buffers.Binary;

namespace FastPush.Protocol.Envelope;

/// <summary>
/// Writes MessagePack values one after another into a span, each in its shortest form. A span that is too short throws
/// <see cref="ArgumentException"/> or <see cref="IndexOutOfRangeException"/>, never writes past its end.
/// </summary>
public ref struct MsgPackWriter(Span<byte> destination)
{
    /// <summary>Most bytes of an integer, a string's or bin's head, and an array's or map's head.</summary>
    public const int IntBytesMax = 9, DataHeadBytesMax = 5, CountHeadBytesMax = 5;

    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    /// <summary>nil.</summary>
    public void WriteNil() => Append(MsgPackCode.Nil);

    /// <summary>false or true.</summary>
    public void WriteBool(bool value) => Append(value ? MsgPackCode.True : MsgPackCode.False);

    /// <summary>Integer: unsigned formats from 0 up, signed ones below.</summary>
    public void WriteInt(long value)
    {
        switch (value)
        {
            case >= -32 and <= 127:
                Append((byte)value);
                break;
            case > 0 and <= byte.MaxValue:
                Append(MsgPackCode.UInt8);
                Append((byte)value);
                break;
            case > 0 and <= ushort.MaxValue:
                Append16(MsgPackCode.UInt16, (ushort)value);
                break;
            case > 0 and <= uint.MaxValue:
                Append32(MsgPackCode.UInt32, (uint)value);
                break;
            case > 0:
                Append64(MsgPackCode.UInt64, (ulong)value);
                break;
            case >= sbyte.MinValue:
                Append(MsgPackCode.Int8);
                Append((byte)value);
                break;
            case >= short.MinValue:
                Append16(MsgPackCode.Int16, (ushort)value);
                break;
            case >= int.MinValue:
                Append32(MsgPackCode.Int32, (uint)value);
                break;
            default:
                Append64(MsgPackCode.Int64, (ulong)value);
                break;
        }
    }

    /// <summary>str; the caller vouches for the UTF-8.</summary>
    public void WriteStr(scoped ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 32)
        {
            Append((byte)(MsgPackCode.FixStr | utf8.Length));
        }
        else
        {
            AppendDataHead(MsgPackCode.Str8, utf8.Length);
        }

        Append(utf8);
    }

    /// <summary>bin.</summary>
    public void WriteBin(scoped ReadOnlySpan<byte> bytes)
    {
        AppendDataHead(MsgPackCode.Bin8, bytes.Length);
        Append(bytes);
    }

    /// <summary>Head of an array; that many values must follow.</summary>
    public void WriteArrayHeader(int count) => AppendCountHead(MsgPackCode.FixArray, MsgPackCode.Array16, count);

    /// <summary>Head of a map; that many pairs of values must follow.</summary>
    public void WriteMapHeader(int count) => AppendCountHead(MsgPackCode.FixMap, MsgPackCode.Map16, count);

    // The 8, 16 and 32 bit forms of str and of bin have codes in a row.
    private void AppendDataHead(byte code8, int length)
    {
        if (length <= byte.MaxValue)
        {
            Append(code8);
            Append((byte)length);
        }
        else if (length <= ushort.MaxValue)
        {
            Append16((byte)(code8 + 1), (ushort)length);
        }
        else
        {
            Append32((byte)(code8 + 2), (uint)length);
        }
    }

    private void AppendCountHead(byte fix, byte code16, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count < 16)
        {
            Append((byte)(fix | count));
        }
        else if (count <= ushort.MaxValue)
        {
            Append16(code16, (ushort)count);
        }
        else
        {
            Append32((byte)(code16 + 1), (uint)count);
        }
    }

    private void Append(byte value)
    {
        _destination[Written] = value;
        Written++;
    }

    private void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_destination[Written..]);
        Written += bytes.Length;
    }

    private void Append16(byte code, ushort value)
    {
        Append(code);
        BinaryPrimitives.WriteUInt16BigEndian(_destination[Written..], value);
        Written += sizeof(ushort);
    }

    private void Append32(byte code, uint value)
    {
        Append(code);
        BinaryPrimitives.WriteUInt32BigEndian(_destination[Written..], value);
        Written += sizeof(uint);
    }

    private void Append64(byte code, ulong value)
    {
        Append(code);
        BinaryPrimitives.WriteUInt64BigEndian(_destination[Written..], value);
        Written += sizeof(ulong);
    }
}
