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
    private const int MessageBytesMax = 256;
    private const int DetailBytesMax = 1024;

    // WebSocket headers and the close frame, which is a control frame.
    private const int FramingBytesMax = WsHeaderWriter.MaxBytes + 2 + 125;

    /// <summary>Room for both frames, in bytes.</summary>
    public int BytesMax =>
        FrameWriter.MaxErrorBytes(MessageBytesMax, ReceiptId.Length, DetailBytesMax, NamesVersions) + FramingBytesMax;

    public ushort Code { get; init; }

    /// <summary>The ERROR frame's <c>message</c> header.</summary>
    public string Message { get; init; }

    /// <summary>The ERROR frame's body: what was wrong and where.</summary>
    public string Detail { get; init; }

    /// <summary>The offending frame's receipt id, escaped as its version escapes.</summary>
    public ReadOnlySpan<byte> ReceiptId { get; init; }

    /// <summary>The ERROR frame tells the versions that the gateway speaks.</summary>
    public bool NamesVersions { get; init; }

    /// <summary>The close frame's reason; empty = the message.</summary>
    public string Reason { get; init; }

    /// <summary>The words for a fault that a reader found.</summary>
    public static CloseNotice For(ProtocolFault fault)
    {
        var (message, detail, code) = ProtocolFaults.Describe(fault);
        return new CloseNotice { Code = code, Message = message, Detail = detail };
    }

    /// <summary>The answer to a peer's close frame (RFC 6455 section 5.5.1): it echoes the code; 1005 means that there was none.</summary>
    public static CloseNotice Echo(ushort code) => new() { Code = code == 1005 ? (ushort)1000 : code, Message = "", Reason = "" };

    /// <summary>Writes the frames for a STOMP session into <see cref="BytesMax"/> bytes; returns bytes written.</summary>
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
            Span<byte> message = stackalloc byte[MessageBytesMax];
            Span<byte> detail = stackalloc byte[DetailBytesMax];
            message = message[..Encode(Message, message)];
            detail = detail[..Encode(Detail ?? Message, detail)];

            // The header's length depends on the frame's, which is known afterwards.
            var frame = destination[WsHeaderWriter.MaxBytes..];
            var length = FrameWriter.WriteError(frame, version, message, ReceiptId, detail, NamesVersions);
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
