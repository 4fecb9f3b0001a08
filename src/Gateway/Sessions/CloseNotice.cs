using System.Text;
using FastPush.Protocol;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// A session's last words: one ERROR frame (unless <see cref="Message"/> is empty), then the WebSocket close frame.
/// </summary>
internal readonly ref struct CloseNotice
{
    /// <summary>Room for both frames, in bytes: texts of ours and a cut receipt id.</summary>
    public const int BytesMax = 2048;

    public ushort Code { get; init; }

    /// <summary>The ERROR frame's <c>message</c> header.</summary>
    public string Message { get; init; }

    /// <summary>The ERROR frame's body: what was wrong and where.</summary>
    public string Detail { get; init; }

    /// <summary>The offending frame's receipt id as it came.</summary>
    public ReadOnlySpan<byte> ReceiptId { get; init; }

    /// <summary>The close frame's reason; empty = the message.</summary>
    public string Reason { get; init; }

    /// <summary>The words for a fault that a reader found.</summary>
    public static CloseNotice For(ProtocolFault fault, ReadOnlySpan<byte> receipt)
    {
        var (message, detail, code) = ProtocolFaults.Describe(fault);
        return new CloseNotice { Code = code, Message = message, Detail = detail, ReceiptId = receipt };
    }

    /// <summary>The answer to a peer's close frame (RFC 6455 section 5.5.1): it echoes the code; 1005 means that there was none.</summary>
    public static CloseNotice Echo(ushort code) => new() { Code = code == 1005 ? (ushort)1000 : code, Message = "", Reason = "" };

    /// <summary>Writes the frames for a STOMP session; returns bytes written.</summary>
    public int Write(Span<byte> destination, WireFormat format)
    {
        var at = 0;
        if (!string.IsNullOrEmpty(Message))
        {
            var version = format switch
            {
                WireFormat.Stomp10 => StompVersion.V10,
                WireFormat.Stomp11 => StompVersion.V11,
                _ => StompVersion.V12,
            };
            Span<byte> frame = stackalloc byte[BytesMax - 256];
            Span<byte> message = stackalloc byte[256];
            Span<byte> detail = stackalloc byte[1024];
            Encoding.UTF8.TryGetBytes(Message, message, out var messageLength);
            var detailLength = Encode(Detail ?? Message, detail);
            var receipt = ReceiptId.Length <= 256 ? ReceiptId : default;
            var length = FrameWriter.WriteError(frame, version, message[..messageLength], receipt, detail[..detailLength]);
            at = WsHeaderWriter.Write(destination, WsOpcode.Text, length);
            frame[..length].CopyTo(destination[at..]);
            at += length;
        }

        Span<byte> reason = stackalloc byte[256];
        var reasonLength = Encode(string.IsNullOrEmpty(Reason) ? Message ?? "" : Reason, reason);
        return at + CloseFrame.Write(destination[at..], Code, reason[..reasonLength]);
    }

    // As much of a text as fits, cut between characters.
    private static int Encode(string text, Span<byte> destination)
    {
        Encoding.UTF8.GetEncoder().Convert(text, destination, flush: true, out _, out var written, out _);
        return written;
    }
}
