using System.Text;

namespace FastPush.Protocol.Stomp;

/// <summary>From the octets of a header name to <see cref="HeaderName"/>.</summary>
public static class HeaderNames
{
    /// <summary>
    /// The name's value, or <see cref="HeaderName.Other"/>. Names are case-sensitive (STOMP 1.2, "Augmented BNF"), but for
    /// <c>Authorization</c>, which browsers' libraries write as HTTP does.
    /// </summary>
    public static HeaderName Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Match(name, "id"u8, HeaderName.Id),
        3 => Match(name, "ack"u8, HeaderName.Ack),
        4 => Match(name, "host"u8, HeaderName.Host),
        5 => Match(name, "login"u8, HeaderName.Login),
        6 => Match(name, "server"u8, HeaderName.Server),
        7 => name[0] switch
        {
            (byte)'r' => Match(name, "receipt"u8, HeaderName.Receipt),
            (byte)'v' => Match(name, "version"u8, HeaderName.Version),
            (byte)'s' => Match(name, "session"u8, HeaderName.Session),
            _ => Match(name, "message"u8, HeaderName.Message),
        },
        8 => name[0] == (byte)'p'
            ? Match(name, "passcode"u8, HeaderName.Passcode)
            : Match(name, "overflow"u8, HeaderName.Overflow),
        9 => Match(name, "timestamp"u8, HeaderName.Timestamp),
        10 => name[0] switch
        {
            (byte)'m' => Match(name, "message-id"u8, HeaderName.MessageId),
            (byte)'h' => Match(name, "heart-beat"u8, HeaderName.HeartBeat),
            _ => Match(name, "receipt-id"u8, HeaderName.ReceiptId),
        },
        11 => name[0] switch
        {
            (byte)'d' => Match(name, "destination"u8, HeaderName.Destination),
            (byte)'t' => Match(name, "transaction"u8, HeaderName.Transaction),
            _ => Match(name, "redelivered"u8, HeaderName.Redelivered),
        },
        12 => name[0] == (byte)'c'
            ? Match(name, "content-type"u8, HeaderName.ContentType)
            : Match(name, "subscription"u8, HeaderName.Subscription),
        13 => name[0] == (byte)'l'
            ? Match(name, "last-event-id"u8, HeaderName.LastEventId)
            : Ascii.EqualsIgnoreCase(name, "authorization"u8) ? HeaderName.Authorization : HeaderName.Other,
        14 => name[0] switch
        {
            (byte)'c' => Match(name, "content-length"u8, HeaderName.ContentLength),
            (byte)'a' => Match(name, "accept-version"u8, HeaderName.AcceptVersion),
            _ => Match(name, "prefetch-count"u8, HeaderName.PrefetchCount),
        },
        _ => HeaderName.Other,
    };

    private static HeaderName Match(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known, HeaderName value) =>
        name.SequenceEqual(known) ? value : HeaderName.Other;
}
