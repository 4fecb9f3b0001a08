namespace FastPush.Protocol.Stomp;

/// <summary>
/// Negotiated protocol version. It decides the header escapes: none in 1.0; <c>\n \c \\</c> in 1.1; and <c>\r</c> as well in 1.2
/// (STOMP 1.2, "Value Encoding").
/// </summary>
public enum StompVersion : byte
{
    V10,
    V11,
    V12,
}
