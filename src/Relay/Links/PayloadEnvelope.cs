using System.Text;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Protocol.Stomp;

namespace FastPush.Relay.Links;

/// <summary>Payloads as envelopes for other servers and stores, and back.</summary>
public static class PayloadEnvelope
{
    private const int NameBytesMax = 512;

    /// <summary>Enough bytes for <see cref="Write"/>.</summary>
    public static int SizeMax(Payload payload) =>
        (payload ?? throw new ArgumentNullException(nameof(payload))).Length + (2 * NameBytesMax) + 128;

    /// <summary>Writes the envelope of a message to <paramref name="key"/>, a topic or a user's queue; returns its length.</summary>
    public static int Write(Span<byte> destination, int serverId, ReadOnlySpan<byte> key, Payload payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        Span<byte> user = stackalloc byte[NameBytesMax];
        var envelope = new RelayEnvelope
        {
            OriginServerId = serverId,
            MessageId = payload.Id,
            Destination = key,
            TimestampMs = payload.TimestampMs,
            ExpiresAtMs = payload.ExpiresAtMs,
            Flags = payload.IsText ? RelayFlags.TextBody : RelayFlags.None,
            User = payload.User is null ? default : user[..Encoding.UTF8.GetBytes(payload.User, user)],
            HeaderLines = payload.HeaderLines[..^ContentLengthBytes(payload.Body.Length)],
            Body = payload.Body,
        };
        return envelope.Write(destination);
    }

    /// <summary>
    /// A payload with that message, one reference held by the caller; null when the memory for messages is full.
    /// <paramref name="envelope"/>'s destination is a topic's key, or that of the user's queue.
    /// </summary>
    public static Payload? Rent(PayloadPool pool, in RelayEnvelope envelope, string? user, string? queue)
    {
        Span<byte> shown = stackalloc byte[(2 * NameBytesMax) + 16];
        ArgumentNullException.ThrowIfNull(pool);
        int length;
        if (queue is null)
        {
            length = HeaderText.Escape(envelope.Destination, StompVersion.V12, shown);
        }
        else
        {
            Span<byte> name = stackalloc byte[NameBytesMax];
            var nameLength = Encoding.UTF8.GetBytes(queue, name);
            "/user/queue/"u8.CopyTo(shown);
            length = 12 + HeaderText.Escape(name[..nameLength], StompVersion.V12, shown[12..]);
        }

        if (pool.TryRent(MessageTail.Size(length, envelope.HeaderLines.Length, envelope.Body.Length)) is not { } payload)
        {
            return null;
        }

        var written = MessageTail.Write(
            payload.Writable,
            envelope.MessageId,
            shown[..length],
            envelope.TimestampMs,
            envelope.HeaderLines,
            envelope.Body,
            out var headersStart,
            out var bodyStart);
        payload.Seal(
            envelope.MessageId, envelope.TimestampMs, written, headersStart, bodyStart, (envelope.Flags & RelayFlags.TextBody) != 0);
        payload.ExpiresAtMs = envelope.ExpiresAtMs;
        payload.User = user;
        payload.Queue = queue;
        return payload;
    }

    /// <summary>About how many bytes a message in an envelope takes here.</summary>
    public static int SizeOf(in RelayEnvelope envelope) =>
        MessageTail.Size(2 * NameBytesMax, envelope.HeaderLines.Length, envelope.Body.Length);

    // The line "content-length:N\n" that ends a payload's header lines; receivers write their own.
    private static int ContentLengthBytes(int bodyBytes)
    {
        var digits = 1;
        for (var rest = bodyBytes / 10; rest > 0; rest /= 10)
        {
            digits++;
        }

        return "content-length:\n"u8.Length + digits;
    }
}
