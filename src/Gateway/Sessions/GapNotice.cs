using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FastPush.Protocol.Sse;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Tells a client that resumes that messages between what it has seen and what is kept are gone, or may be, before it gets what is kept:
/// by STOMP with <c>gap:true</c> on its next MESSAGE (and on the RECEIPT of its SUBSCRIBE), by an event stream with an event <c>gap</c>.
/// </summary>
internal static class GapNotice
{
    /// <summary>Under the session's lock.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="subscription">Which resumes.</param>
    /// <param name="from">The id after which it resumes.</param>
    /// <param name="to">The oldest that is kept; null when nothing is.</param>
    public static void Tell(Session session, Subscription subscription, long from, long? to)
    {
        session.Node.Metrics.Gap();
        if (session.Format != WireFormat.ServerSentEvents)
        {
            subscription.TellsGap = true;
            return;
        }

        var data = Data(subscription, from, to);
        var stream = new byte[SseWriter.Size(Name.Length, data)];

        // Without an id: who loses the connection now is told again.
        session.Outbox.Append(stream.AsSpan(0, SseWriter.WriteEvent(stream, 0, Name, data)));
    }

    private static ReadOnlySpan<byte> Name => "gap"u8;

    private static ReadOnlySpan<byte> Data(Subscription subscription, long from, long? to)
    {
        var topic = subscription.Topic;
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json);
        writer.WriteStartObject();

        // As its user named it.
        writer.WriteString("destination", topic.Queue is { } queue ? $"/user/queue/{queue}" : Encoding.UTF8.GetString(topic.Key));
        writer.WriteString("from", from.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("to", to?.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        writer.Flush();
        return json.WrittenSpan;
    }
}
