using System.Text;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Transport;
using FastPush.Protocol.Sse;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Http;

/// <summary>
/// <c>GET /sse?destination=…</c>: the same subscriptions as a <c>text/event-stream</c> (HTML standard, "Server-sent events").
/// <c>event:</c> is the message's type, <c>id:</c> its id, or a place in each of several destinations (<see cref="EventPosition"/>);
/// <c>Last-Event-ID</c>, else <c>?lastEventId=</c>, resumes.
/// </summary>
internal static class SseEndpoint
{
    // What a browser waits before it connects again.
    private const int RetryMs = 2_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/sse", StreamAsync).WithTags("streams").WithSummary("Subscriptions as server-sent events");

    private static async Task StreamAsync(HttpContext context, Node node)
    {
        if (!node.Tokens.HasKeys)
        {
            // No token can be judged yet, and a refusal is final.
            await StreamPostponed.WriteAsync(context, "This node is starting. Ask again.");
            return;
        }

        var principal = HttpIdentity.Find(context, node.Tokens, out var unauthorized);
        if (principal is null)
        {
            await Problem.WriteAsync(context, StatusCodes.Status401Unauthorized, unauthorized);
            return;
        }

        if (node.IsDraining || node.IsStarting || IsFull(context, node))
        {
            await StreamPostponed.WriteAsync(context, "This node takes no new streams. Ask again.");
            return;
        }

        if (!TryParse(context, node, principal, out var keys, out var position, out var status, out var detail))
        {
            await Problem.WriteAsync(context, status, detail);
            return;
        }

        // As on a STOMP connection, the first few are part of its connecting.
        if (!RequestRate.TryTake(context, node, principal, keys.Count - Stomp.CommandRate.FreePerConnection, out detail))
        {
            await Problem.WriteAsync(context, StatusCodes.Status429TooManyRequests, detail);
            return;
        }

        var user = node.Users.Enter(principal); // Or it could be forgotten before the session opens.
        try
        {
            if (!Subscriber.HasRoom(user, keys.Count))
            {
                context.Response.Headers.RetryAfter = "1";
                var words = MemoryWords.Refusal(user, (long)keys.Count * Subscription.BytesAbout);
                await Problem.WriteAsync(context, StatusCodes.Status429TooManyRequests, words);
                return;
            }

            await StartAsync(context, node, principal, keys, position);
        }
        finally
        {
            node.Users.Leave(user);
        }
    }

    private static async Task StartAsync(
        HttpContext context, Node node, Auth.Principal principal, List<byte[]> keys, EventPosition? position)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-transform";
        response.Headers["X-Accel-Buffering"] = "no"; // Proxies that buffer would hold events back.
        if (RequestMethods.IsHead(context))
        {
            return; // These would be the headers of a stream.
        }

        await response.StartAsync(context.RequestAborted);
        await RunAsync(context, node, principal, keys, position);
    }

    // With HTTP/2 one connection may have many streams.
    private static bool IsFull(HttpContext context, Node node) =>
        context.Features.Get<ConnectionEntry>() is { IsProven: false }
        || node.Metrics.ConnectionsActive >= node.Connections.Bounds.Proven;

    private static async Task RunAsync(HttpContext context, Node node, Auth.Principal principal, List<byte[]> keys, EventPosition? position)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var link = new PipeLink(context.Response.BodyWriter, () => ended.TrySetResult(), () => ended.TrySetResult());
        var session = new Session(node, link, WireFormat.ServerSentEvents, node.NextSessionId());
        await using var aborted = context.RequestAborted.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), ended);

        // Who only half-closed could still read, but an EventSource that is gone closes in the same way, and messages must not go there.
        await using var left = context.Features.Get<InputEnd>()?.Token.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), ended) ?? default;
        node.Sessions.Add(session);
        try
        {
            // Comments keep proxies from closing a silent stream; half a minute is the shortest time-out in common use.
            session.ScheduleHeartBeats(15_000, 0);
            session.Open(principal);
            ConnectionLimit.Check(session);
            session.Cork();
            Greet(session);
            var joining = EventStream.Subscribe(session, keys, position);
            await Task.WhenAny(Task.WhenAll(joining), ended.Task);

            session.Uncork();
            await ended.Task;
        }
        finally
        {
            SessionCloser.End(session, CloseReason.PeerGone);
        }
    }

    private static void Greet(Session session)
    {
        Span<byte> greeting = stackalloc byte[64];
        var length = SseWriter.WriteRetry(greeting, RetryMs);
        session.Append(greeting[..length]);
    }

    private static bool TryParse(
        HttpContext context,
        Node node,
        Auth.Principal principal,
        out List<byte[]> keys,
        out EventPosition? position,
        out int status,
        out string detail)
    {
        keys = [];
        position = null;
        status = StatusCodes.Status400BadRequest;
        var destinations = context.Request.Query["destination"];
        if (destinations.Count == 0 || destinations.Count > node.Options.Limits.Subscriptions)
        {
            detail = $"?destination= is needed, 1 to {node.Options.Limits.Subscriptions} times.";
            return false;
        }

        Span<byte> key = stackalloc byte[512];
        foreach (var destination in destinations.Distinct(StringComparer.Ordinal))
        {
            var text = Encoding.UTF8.GetBytes(destination ?? "");
            if (!Destinations.TryParse(text, out var kind, out _, out var name))
            {
                detail = $"'{destination}' is no destination: /topic/{{name}} or /user/queue/{{name}}.";
                return false;
            }

            if (kind == DestinationKind.UserQueue || !principal.Acl.MaySubscribe(text))
            {
                status = StatusCodes.Status403Forbidden;
                detail = $"The token does not allow to subscribe to {destination}.";
                return false;
            }

            keys.Add(kind == DestinationKind.OwnQueue ? key[..Subscriber.OwnQueueKey(principal.UserId, name, key)].ToArray() : text);
        }

        return TryPosition(context, out position, out detail);
    }

    private static bool TryPosition(HttpContext context, out EventPosition? position, out string detail)
    {
        position = null;
        detail = "";
        var text = context.Request.Headers["Last-Event-ID"].ToString();
        if (text.Length == 0)
        {
            text = context.Request.Query["lastEventId"].ToString();
        }

        if (text.Length == 0)
        {
            return true;
        }

        detail = "Last-Event-ID is the id of an event.";
        return EventPosition.TryParse(text, out position);
    }
}
