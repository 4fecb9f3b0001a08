using System.Text;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;
using FastPush.Relay.Dedup;

namespace FastPush.Gateway.Http;

/// <summary>Turns checked requests into messages. All of a batch is rendered before any is published, so that it goes as a whole.</summary>
internal sealed class HttpPublisher(Node node)
{
    /// <summary>
    /// Publishes the requests of one user and returns their message ids in order; null when the user's share of the memory or all of it
    /// is full, and then nothing was published. <paramref name="plan"/> has the ids that some have to use, and says which of them were
    /// published before. In a cluster <paramref name="acceptance"/> is told when they are stored.
    /// </summary>
    public long[]? Publish(User user, IReadOnlyList<PublishRequest> requests, DedupClaim[] plan, IAcceptance? acceptance = null)
    {
        var ids = new long[requests.Count];
        var rendered = new List<(Recipient To, Payload Payload)>();
        for (var i = 0; i < requests.Count; i++)
        {
            var request = requests[i];
            var unixMs = node.Clock.UnixMs;
            var claim = plan[i];
            ids[i] = claim.MessageId != 0 ? claim.MessageId : node.Ids.Next(unixMs);
            if (claim is { MessageId: not 0, State: DedupState.Done })
            {
                continue;
            }

            var first = rendered.Count;
            if (!TryRender(user, request, ids[i], unixMs, rendered))
            {
                rendered.ForEach(r => r.Payload.Release());
                return null;
            }

            for (var j = first; j < rendered.Count; j++)
            {
                rendered[j].Payload.MayBeStored = claim is { MessageId: not 0, State: DedupState.Pending };
            }
        }

        try
        {
            foreach (var (to, payload) in rendered)
            {
                node.Fanout.Publish(to.Key, payload, acceptance);
            }
        }
        finally
        {
            FanoutBatch.Current.Complete(node); // Others may wait behind what was published before a fault.
        }

        return ids;
    }

    private bool TryRender(User user, PublishRequest request, long id, long unixMs, List<(Recipient To, Payload Payload)> rendered)
    {
        var headers = HeaderLines(request);
        var isText = System.Text.Unicode.Utf8.IsValid(request.Body);
        foreach (var to in request.Recipients)
        {
            var size = MessageTail.Size(to.Shown.Length, headers.Length, request.Body.Length);
            if (!MessageDraft.TryBegin(node.Pool, user, size, out var draft))
            {
                return false;
            }

            var length = MessageTail.Write(
                draft.Bytes, id, to.Shown, unixMs, headers, request.Body, out var headersStart, out var bodyStart);
            if (draft.End(node.Pool, length) is not { } payload)
            {
                return false;
            }

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
