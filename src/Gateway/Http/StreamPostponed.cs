using System.Globalization;
using FastPush.Protocol.Sse;
using Microsoft.Net.Http.Headers;

namespace FastPush.Gateway.Http;

/// <summary>
/// The answer to who asks for a stream that this node cannot serve for the moment. A browser's <c>EventSource</c> gives up for good at any
/// status but 200 (HTML standard, "Processing model" of server-sent events), so who names <c>text/event-stream</c> in <c>Accept</c> gets an
/// empty stream that ends at once, and comes back after its <c>retry:</c>. Everybody else gets 503. Both carry <c>Retry-After</c>.
/// </summary>
internal static class StreamPostponed
{
    // The least and the most that one waits; in between it is drawn, so that a thousand streams do not come back at once.
    private const int LeastMs = 1_000;
    private const int MostMs = 3_000;

    /// <summary>Writes it. <paramref name="detail"/> says why.</summary>
    public static async Task WriteAsync(HttpContext context, string detail)
    {
        var retryMs = Random.Shared.Next(LeastMs, MostMs + 1);
        var response = context.Response;
        response.Headers.RetryAfter = ((retryMs + 999) / 1000).ToString(CultureInfo.InvariantCulture);

        // Over a new connection a balancer can choose another node.
        response.Headers.Connection = "close";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (!AsksForEvents(context.Request))
        {
            await Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, detail);
            return;
        }

        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        var stream = new byte[SseWriter.Size(0, default) + detail.Length + 8];
        var length = SseWriter.WriteRetry(stream, retryMs);
        length += SseWriter.WriteComment(stream.AsSpan(length), System.Text.Encoding.UTF8.GetBytes(detail));
        await response.Body.WriteAsync(stream.AsMemory(0, length), context.RequestAborted);
    }

    // By name: */* is what everybody sends who does not care.
    private static bool AsksForEvents(HttpRequest request)
    {
        foreach (var type in request.GetTypedHeaders().Accept)
        {
            if (type.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
