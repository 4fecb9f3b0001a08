namespace FastPush.Protocol;

/// <summary>The one table from a fault to the words of its ERROR frame and the WebSocket close code that follows.</summary>
public static class ProtocolFaults
{
    /// <summary>Short message (the ERROR frame's <c>message</c> header), a sentence that says what was wrong, and the close code.</summary>
    public static (string Message, string Detail, ushort CloseCode) Describe(ProtocolFault fault) => fault switch
    {
        ProtocolFault.BadRequestHead => ("bad request", "The HTTP request head could not be read.", 1002),
        ProtocolFault.RequestHeadTooLarge => ("request head too large", "The HTTP request head is over its limit.", 1009),
        ProtocolFault.BadUpgradeVersion => ("websocket version not supported", "Sec-WebSocket-Version must be 13.", 1002),
        ProtocolFault.BadUpgradeKey => ("bad websocket key", "Sec-WebSocket-Key must be 16 bytes in base64, once.", 1002),
        ProtocolFault.ReservedBits => ("reserved bits", "A reserved bit of the WebSocket header is set and no extension was agreed.", 1002),
        ProtocolFault.UnknownOpcode => ("unknown opcode", "The WebSocket opcode is not one of RFC 6455.", 1002),
        ProtocolFault.NotMasked => ("not masked", "A client must mask its WebSocket frames.", 1002),
        ProtocolFault.LengthNotShortest => ("bad length", "The WebSocket length is not in its shortest form or has its top bit set.", 1002),
        ProtocolFault.ControlTooLong => ("control frame too long", "A WebSocket control frame holds at most 125 bytes.", 1002),
        ProtocolFault.ControlFragmented => ("control frame fragmented", "A WebSocket control frame must not be fragmented.", 1002),
        ProtocolFault.UnexpectedContinuation => ("unexpected continuation", "A continuation frame came with no message begun.", 1002),
        ProtocolFault.ExpectedContinuation => ("continuation expected", "A new message began before the last one ended.", 1002),
        ProtocolFault.WebSocketFrameTooLarge => ("frame too large", "The WebSocket frame is over the limit.", 1009),
        ProtocolFault.BadCloseFrame => ("bad close frame", "The close frame's payload is not a legal code and UTF-8 reason.", 1002),
        ProtocolFault.InvalidUtf8 => ("invalid utf-8", "A text message is not valid UTF-8.", 1007),
        ProtocolFault.UnknownCommand => ("unknown command", "The first line is not a STOMP client command.", 1002),
        ProtocolFault.CommandLineTooLong => ("command line too long", "The command line is over the limit of a header line.", 1009),
        ProtocolFault.HeaderLineTooLong => ("header line too long", "A header line is over its limit.", 1009),
        ProtocolFault.TooManyHeaders => ("too many headers", "The frame has more header lines than the limit.", 1009),
        ProtocolFault.HeadTooLong => ("headers too long", "The header lines of the frame are over their limit together.", 1009),
        ProtocolFault.HeaderWithoutColon => ("bad header", "A header line has no colon.", 1002),
        ProtocolFault.EmptyHeaderName => ("bad header", "A header line has no name before its colon.", 1002),
        ProtocolFault.BadEscape => ("bad escape", "A header has an escape sequence that this version does not define.", 1002),
        ProtocolFault.BadContentLength => ("bad content-length", "content-length is not a decimal number.", 1002),
        ProtocolFault.BodyTooLarge => ("frame too large", "The body is over the limit of a frame.", 1009),
        ProtocolFault.BodyNotAllowed =>
            ("unexpected body", "Of a client's frames only SEND has a body: after the empty line a NUL must follow.", 1002),
        ProtocolFault.MissingNul => ("missing nul", "The octet after the body (content-length bytes) is not NUL.", 1002),
        ProtocolFault.StrayCarriageReturn => ("stray carriage return", "A carriage return stands elsewhere than before a line feed.", 1002),
        ProtocolFault.ControlInHeader => ("bad header", "A header line holds a NUL octet.", 1002),
        ProtocolFault.HeaderNotUtf8 => ("bad header", "The headers are not valid UTF-8.", 1007),
        _ => ("protocol error", "The bytes are not what the protocol allows here.", 1002),
    };
}
