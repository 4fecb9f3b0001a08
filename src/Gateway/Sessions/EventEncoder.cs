using System.Buffers.Text;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Sse;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// A message as an event of a stream (HTML standard, "Server-sent events"). Its name is the message's <c>type</c>. Event streams are
/// UTF-8, so a body that is not goes as base64, in an event named <c>binary</c> unless the message has a type.
/// </summary>
internal static class EventEncoder
{
    private const int NameOnStack = 256;

    private static ReadOnlySpan<byte> Binary => "binary"u8;

    /// <summary>Room that <see cref="Write"/> may need, in bytes.</summary>
    public static int SizeMax(Session session, Payload payload)
    {
        var id = session.Position is { } position ? position.BytesMax : 0;
        var name = Math.Max(Type(payload).Length, Binary.Length);
        var body = payload.Body;
        return id + (payload.IsText
            ? SseWriter.Size(name, body)
            : SseWriter.Size(name, default) + Base64.GetMaxEncodedToUtf8Length(body.Length));
    }

    /// <summary>
    /// Writes the event. Returns bytes written. Its id is the message's, or the reader's place in each of several destinations: then the
    /// bytes are of this session alone.
    /// </summary>
    public static int Write(Span<byte> destination, Subscription subscription, Payload payload, bool redelivered)
    {
        if (subscription.Session.Position is not { } position)
        {
            return Write(destination, payload, payload.Id);
        }

        "id: "u8.CopyTo(destination);
        var at = 4 + position.Write(destination[4..], subscription, payload, redelivered);
        destination[at++] = (byte)'\n';
        return at + Write(destination[at..], payload, id: 0);
    }

    private static int Write(Span<byte> destination, Payload payload, long id)
    {
        var type = Type(payload);
        if (type.IndexOfAny((byte)'\\', (byte)'\r') < 0)
        {
            return WriteNamed(destination, payload, id, type);
        }

        if (type.Length <= NameOnStack)
        {
            return WriteNamed(destination, payload, id, Plain(type, stackalloc byte[NameOnStack]));
        }

        var rented = BytePool.Rent(type.Length);
        var written = WriteNamed(destination, payload, id, Plain(type, rented));
        BytePool.Return(rented);
        return written;
    }

    // As it stands in the header, escaped.
    private static ReadOnlySpan<byte> Type(Payload payload) =>
        HeaderLines.TryGet(payload.HeaderLines, "type:"u8, out var type) ? type : default;

    // Without its escapes. A line end would let whoever chose the type write fields, or whole events, of their own.
    private static ReadOnlySpan<byte> Plain(ReadOnlySpan<byte> type, Span<byte> buffer)
    {
        var name = buffer[..HeaderText.Unescape(type, StompVersion.V12, buffer)];
        name.Replace((byte)'\n', (byte)' ');
        name.Replace((byte)'\r', (byte)' ');
        return name;
    }

    private static int WriteNamed(Span<byte> destination, Payload payload, long id, ReadOnlySpan<byte> name)
    {
        var body = payload.Body;
        if (payload.IsText)
        {
            return SseWriter.WriteEvent(destination, id, name, body);
        }

        var encoded = BytePool.Rent(Base64.GetMaxEncodedToUtf8Length(body.Length));
        Base64.EncodeToUtf8(body, encoded, out _, out var length);
        var written = SseWriter.WriteEvent(destination, id, name.IsEmpty ? Binary : name, encoded.AsSpan(0, length));
        BytePool.Return(encoded);
        return written;
    }
}
