using System.Buffers.Text;
using System.Text;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Sessions;

/// <summary>Puts the lines of one subscriber in front of a message's shared tail.</summary>
internal static class MessageEncoder
{
    private const int AckNameBytes = 4; // "ack:"
    private const int AckLineMax = AckNameBytes + AckId.BytesMax + 1;

    private static ReadOnlySpan<byte> RedeliveredAndGap => "redelivered:true\ngap:true\n"u8;

    private const int RedeliveredLength = 17;

    /// <summary>Room that <see cref="Write"/> may need, in bytes.</summary>
    public static int SizeMax(Subscription subscription, Payload payload)
    {
        if (subscription.Session.Format == WireFormat.ServerSentEvents)
        {
            return EventEncoder.SizeMax(subscription.Session, payload);
        }

        return WsHeaderWriter.MaxBytes * 2 + subscription.Head.Length + AckLineMax + RedeliveredAndGap.Length + payload.Length;
    }

    /// <summary>
    /// Writes one delivery. <paramref name="sequence"/> is its place in the ACK window, 0 in auto mode. Returns bytes written.
    /// </summary>
    public static int Write(Span<byte> destination, Subscription subscription, Payload payload, long sequence, bool redelivered)
    {
        var format = subscription.Session.Format;
        if (format == WireFormat.ServerSentEvents)
        {
            return EventEncoder.Write(destination, subscription, payload, redelivered);
        }

        Span<byte> ack = stackalloc byte[AckLineMax];
        var ackLength = 0;
        if (sequence != 0 && format == WireFormat.Stomp12)
        {
            "ack:"u8.CopyTo(ack);
            var id = new AckId(subscription.Session.Node.AckKeyOf(subscription.Session), subscription.Number, sequence);
            ackLength = AckNameBytes + id.Write(ack[AckNameBytes..]);
            ack[ackLength++] = (byte)'\n';
        }

        if (payload.HasEscapes && format != WireFormat.Stomp12)
        {
            return WriteTranslated(destination, subscription, payload, redelivered);
        }

        var head = subscription.Head;
        var tail = payload.Tail;
        var marks = Marks(subscription, redelivered);
        var length = head.Length + ackLength + marks.Length + tail.Length;
        var at = WsHeaderWriter.Write(destination, payload.IsText ? WsOpcode.Text : WsOpcode.Binary, length);
        head.CopyTo(destination[at..]);
        at += head.Length;
        ack[..ackLength].CopyTo(destination[at..]);
        at += ackLength;
        marks.CopyTo(destination[at..]);
        at += marks.Length;
        tail.CopyTo(destination[at..]);
        return at + tail.Length;
    }

    /// <summary>Where the session's part stands in a delivery with an <c>ack</c> header.</summary>
    public static int AckSessionAt(ReadOnlySpan<byte> delivery, byte[] head) =>
        WsHeaderWriter.SizeOf(delivery) + head.Length + AckNameBytes;

    private static ReadOnlySpan<byte> Marks(Subscription subscription, bool redelivered) => (redelivered, subscription.TellsGap) switch
    {
        (true, true) => RedeliveredAndGap,
        (true, false) => RedeliveredAndGap[..RedeliveredLength],
        (false, true) => RedeliveredAndGap[RedeliveredLength..],
        _ => default,
    };

    // Older versions know fewer escapes: the head of the tail is translated, the body stays.
    private static int WriteTranslated(Span<byte> destination, Subscription subscription, Payload payload, bool redelivered)
    {
        var version = subscription.Session.Format == WireFormat.Stomp10 ? StompVersion.V10 : StompVersion.V11;
        var frame = destination[WsHeaderWriter.MaxBytes..];
        subscription.Head.CopyTo(frame);
        var at = subscription.Head.Length;
        var marks = Marks(subscription, redelivered);
        marks.CopyTo(frame[at..]);
        at += marks.Length;
        at += HeaderText.Translate(payload.Tail[..(payload.BodyStart - 1)], version, frame[at..]);
        var rest = payload.Tail[(payload.BodyStart - 1)..];
        rest.CopyTo(frame[at..]);
        at += rest.Length;
        var header = WsHeaderWriter.Write(destination, payload.IsText ? WsOpcode.Text : WsOpcode.Binary, at);
        frame[..at].CopyTo(destination[header..]);
        return header + at;
    }
}
