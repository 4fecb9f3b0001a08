using System.Buffers.Binary;
using System.Text.Unicode;

namespace FastPush.Protocol.WebSocket;

/// <summary>Close frames (RFC 6455 sections 5.5.1 and 7.4).</summary>
public static class CloseFrame
{
    /// <summary>Longest close frame a server writes, in bytes: header, code, reason.</summary>
    public const int MaxBytes = 2 + WsHeaderReader.ControlPayloadMax;

    /// <summary>Longest reason, in bytes.</summary>
    public const int ReasonBytesMax = WsHeaderReader.ControlPayloadMax - sizeof(ushort);

    /// <summary>Stands for a close frame without a code; never on the wire (section 7.4.1).</summary>
    public const ushort NoStatus = 1005;

    /// <summary>Takes the payload of a close frame apart; false if its code or reason is not legal. An empty one gives <see cref="NoStatus"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out ushort code, out ReadOnlySpan<byte> reason)
    {
        reason = default;
        code = NoStatus;
        if (payload.IsEmpty)
        {
            return true;
        }

        if (payload.Length < sizeof(ushort))
        {
            return false;
        }

        code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        reason = payload[sizeof(ushort)..];
        return IsLegal(code) && Utf8.IsValid(reason);
    }

    /// <summary>
    /// Writes a whole unmasked close frame and returns its size. The reason is cut at <see cref="ReasonBytesMax"/>, before the character
    /// that would not fit; <see cref="NoStatus"/> writes an empty frame, as the answer to one.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="code"/> must not appear on the wire.</exception>
    public static int Write(Span<byte> destination, ushort code, ReadOnlySpan<byte> reason)
    {
        if (code == NoStatus)
        {
            return WsHeaderWriter.Write(destination, WsOpcode.Close, 0);
        }

        if (!IsLegal(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "Not a close code for the wire.");
        }

        reason = Cut(reason);
        var header = WsHeaderWriter.Write(destination, WsOpcode.Close, sizeof(ushort) + reason.Length);
        BinaryPrimitives.WriteUInt16BigEndian(destination[header..], code);
        reason.CopyTo(destination[(header + sizeof(ushort))..]);
        return header + sizeof(ushort) + reason.Length;
    }

    // Section 7.4 and the IANA registry: 1004 is undefined, 1005, 1006 and 1015 are never sent, 1016-2999 are not assigned.
    private static bool IsLegal(ushort code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> reason)
    {
        if (reason.Length <= ReasonBytesMax)
        {
            return reason;
        }

        var length = ReasonBytesMax;
        while (length > 0 && (reason[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return reason[..length];
    }
}
