namespace FastPush.Protocol.Tls;

/// <summary>Alerts that are sent or understood here (RFC 8446 section 6).</summary>
public enum TlsAlert : byte
{
    CloseNotify = 0,
    UnexpectedMessage = 10,
    BadRecordMac = 20,
    RecordOverflow = 22,
    IllegalParameter = 47,
    DecodeError = 50,
    InternalError = 80,

    /// <summary>A warning; the peer's close_notify follows.</summary>
    UserCanceled = 90,
}
