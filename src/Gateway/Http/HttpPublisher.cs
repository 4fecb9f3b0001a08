using System.Text;
using FastPush.Gateway.Topics;
using FastPush.Notifications.Publishing;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Http;

/// <summary>Turns checked requests into messages. All of a batch is rendered before any is published, so that it goes as a whole.</summary>
internal sealed class HttpPublisher(Node node, IdempotencyKeys keys)
{
    /// <summary>
    /// Publishes the requests of one principal and returns their message ids in order; null when the memory for messages is full,
    /// and then nothing was published.
    /// </summary>
    public long[]? Publish(string principal, IReadOnlyList<PublishRequest> requests)
    {
        var ids = new long[requests.Count];
        var rendered = new List<(Recipient To, Payload Payload)>();
        var fresh = new List<string>();
        for (var i = 0; i < requests.Count; i++)
        {
            var request = requests[i];
            var unixMs = node.Clock.UnixMs;
            var id = node.Ids.Next(unixMs);
            ids[i] = id;
            if (request.IdempotencyKey is { } key)
            {
                ids[i] = keys.GetOrAdd(principal, key, id, node.Clock.NowMs);
                if (ids[i] != id)
                {
                    continue;
                }

                fresh.Add(key);
            }

            if (!TryRender(request, id, unixMs, rendered))
            {
                rendered.ForEach(r => r.Payload.Release());
                fresh.ForEach(k => keys.Forget(principal, k));
                return null;
            }
        }

        foreach (var (to, payload) in rendered)
        {
            node.Fanout.Publish(to.Key, payload);
        }

        FanoutBatch.Current.Complete(node);
        return ids;
    }

    private bool TryRender(PublishRequest request, long id, long unixMs, List<(Recipient To, Payload Payload)> rendered)
    {
        var headers = HeaderLines(request);
        var isText = System.Text.Unicode.Utf8.IsValid(request.Body);
        foreach (var to in request.Recipients)
        {
            if (node.Pool.TryRent(MessageTail.Size(to.Shown.Length, headers.Length, request.Body.Length)) is not { } payload)
            {
                return false;
            }

            var length = MessageTail.Write(
                payload.Writable, id, to.Shown, unixMs, headers, request.Body, out var headersStart, out var bodyStart);
            payload.Seal(id, unixMs, length, headersStart, bodyStart, isText);
            payload.AcceptedTicks = node.Clock.Ticks;
            payload.User = to.User;
            payload.Queue = to.Queue;
            payload.ExpiresAtMs = request.TtlSeconds == 0 ? 0 : unixMs + request.TtlSeconds * 1000L;
            rendered.Add((to, payload));
        }

        return true;
    }

    private static byte[] HeaderLines(PublishRequest request)
    {
        var lines = new List<byte>();
        Add(lines, "content-type:"u8, request.ContentType);
        Add(lines, "type:"u8, request.Type);
        return [.. lines];
    }

    private static void Add(List<byte> lines, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            return;
        }

        var text = Encoding.UTF8.GetBytes(value);
        var escaped = new byte[text.Length * 2];
        lines.AddRange(name);
        lines.AddRange(escaped.AsSpan(0, HeaderText.Escape(text, StompVersion.V12, escaped)));
        lines.Add((byte)'\n');
    }
}
