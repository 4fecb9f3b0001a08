using System.Buffers.Binary;

namespace FastPush.Protocol.WebSocket;

/// <summary>Reads the header of a client's frame (RFC 6455 section 5.2). Stateless.</summary>
public static class WsHeaderReader
{
    /// <summary>Longest header: 2 bytes, 8 of length, 4 of masking key.</summary>
    public const int MaxBytes = 14;

    /// <summary>Longest payload of a control frame, in bytes (section 5.5).</summary>
    public const int ControlPayloadMax = 125;

    internal const byte ControlBit = 0x08;
    private const byte FinBit = 0x80;
    private const byte ReservedBits = 0x70;
    private const byte OpcodeBits = 0x0F;
    private const byte MaskBit = 0x80;
    private const byte LengthBits = 0x7F;
    private const byte Length16 = 126;
    private const byte Length64 = 127;
    private const int MaskKeyBytes = 4;

    /// <summary>
    /// Reads one header from the start of <paramref name="input"/>. Each rule is judged as soon as its byte is there and in the order
    /// of the bytes, so the answer is the same however the input was cut.
    /// </summary>
    /// <param name="input">Bytes from a frame's first on.</param>
    /// <param name="payloadMax">Largest payload to accept, in bytes; a longer one is TooLarge before its masking key is waited for.</param>
    /// <param name="header">The header; default unless Done.</param>
    /// <param name="fault">The rule that was broken; None for Done and NeedMore.</param>
    public static ParseStatus TryRead(ReadOnlySpan<byte> input, long payloadMax, out WsHeader header, out ProtocolFault fault)
    {
        header = default;
        fault = FirstBytesFault(input);
        if (fault != ProtocolFault.None)
        {
            return ParseStatus.Malformed;
        }

        var status = ReadLength(input, out var payloadLength, out var lengthEnd, out fault);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (payloadLength > payloadMax)
        {
            fault = ProtocolFault.WebSocketFrameTooLarge;
            return ParseStatus.TooLarge;
        }

        if (input.Length < lengthEnd + MaskKeyBytes)
        {
            return ParseStatus.NeedMore;
        }

        header = new WsHeader
        {
            Opcode = (WsOpcode)(input[0] & OpcodeBits),
            Fin = (input[0] & FinBit) != 0,
            MaskKey = BinaryPrimitives.ReadUInt32LittleEndian(input[lengthEnd..]),
            PayloadLength = payloadLength,
            HeaderBytes = lengthEnd + MaskKeyBytes,
        };
        return ParseStatus.Done;
    }

    //  0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
    // |F|RSV 1-3|opcode|M| payload len |
    private static ProtocolFault FirstBytesFault(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return ProtocolFault.None;
        }

        var first = input[0];
        if ((first & ReservedBits) != 0)
        {
            return ProtocolFault.ReservedBits;
        }

        if ((WsOpcode)(first & OpcodeBits) is not (WsOpcode.Continuation or WsOpcode.Text or WsOpcode.Binary
            or WsOpcode.Close or WsOpcode.Ping or WsOpcode.Pong))
        {
            return ProtocolFault.UnknownOpcode;
        }

        var isControl = (first & ControlBit) != 0;
        if (isControl && (first & FinBit) == 0)
        {
            return ProtocolFault.ControlFragmented;
        }

        if (input.Length == 1)
        {
            return ProtocolFault.None;
        }

        if ((input[1] & MaskBit) == 0)
        {
            return ProtocolFault.NotMasked;
        }

        return isControl && (input[1] & LengthBits) > ControlPayloadMax ? ProtocolFault.ControlTooLong : ProtocolFault.None;
    }

    // Section 5.2: "the minimal number of bytes MUST be used", and the highest bit of the 64-bit form must be 0.
    private static ParseStatus ReadLength(ReadOnlySpan<byte> input, out long length, out int end, out ProtocolFault fault)
    {
        fault = ProtocolFault.None;
        length = 0;
        var code = input.Length < 2 ? 0 : input[1] & LengthBits;
        end = code switch { Length16 => 2 + sizeof(ushort), Length64 => 2 + sizeof(ulong), _ => 2 };
        if (code == Length64 && input.Length > 2 && (input[2] & 0x80) != 0)
        {
            fault = ProtocolFault.LengthNotShortest;
            return ParseStatus.Malformed;
        }

        if (input.Length < end)
        {
            return ParseStatus.NeedMore;
        }

        length = code switch
        {
            Length16 => BinaryPrimitives.ReadUInt16BigEndian(input[2..]),
            Length64 => BinaryPrimitives.ReadInt64BigEndian(input[2..]),
            _ => code,
        };
        if ((code == Length16 && length < Length16) || (code == Length64 && length <= ushort.MaxValue))
        {
            fault = ProtocolFault.LengthNotShortest;
            return ParseStatus.Malformed;
        }

        return ParseStatus.Done;
    }
}
