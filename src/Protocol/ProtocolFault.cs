namespace FastPush.Protocol;

/// <summary>Everything a peer can do wrong that a reader can see. <see cref="ProtocolFaults"/> has the words and the close codes.</summary>
public enum ProtocolFault : byte
{
    None,

    // HTTP upgrade (RFC 6455 section 4.2.1).
    BadRequestHead,
    RequestHeadTooLarge,
    BadUpgradeVersion,
    BadUpgradeKey,

    // WebSocket frames (RFC 6455 section 5).
    ReservedBits,
    UnknownOpcode,
    NotMasked,
    LengthNotShortest,
    ControlTooLong,
    ControlFragmented,
    UnexpectedContinuation,
    ExpectedContinuation,
    WebSocketFrameTooLarge,
    BadCloseFrame,
    InvalidUtf8,

    // STOMP frames (STOMP 1.2, "Frames and Headers").
    UnknownCommand,
    CommandLineTooLong,
    HeaderLineTooLong,
    TooManyHeaders,
    HeadTooLong,
    HeaderWithoutColon,
    EmptyHeaderName,
    BadEscape,
    BadContentLength,
    BodyTooLarge,
    BodyNotAllowed,
    MissingNul,
    StrayCarriageReturn,
    ControlInHeader,
    HeaderNotUtf8,
}
