using System.Globalization;
using System.Text.Json;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Notifications.Deliveries;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FastPush.Gateway.Http;

/// <summary><c>POST /api/v1/messages</c> and <c>GET /api/v1/messages/{id}/deliveries</c>.</summary>
internal static class MessageEndpoints
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/messages", PublishAsync)
            .WithTags("messages")
            .WithSummary("Publish one message, or an array of messages as a whole")
            .Accepts<JsonElement>("application/json", "*/*")
            .Produces<Published>(StatusCodes.Status202Accepted)
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413)
            .ProducesProblem(415).ProducesProblem(429).ProducesProblem(503);
        routes.MapGet("/api/v1/messages/{id}/deliveries", DeliveriesAsync)
            .WithTags("messages")
            .WithSummary("The outcome of a message per recipient")
            .Produces<Outcome>()
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(429);
    }

    private static ProblemHttpResult NotServing(HttpContext context, string state)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problem.Of(StatusCodes.Status503ServiceUnavailable, $"This node is {state}. Ask again; another node will answer.");
    }

    private static async Task<IResult> PublishAsync(HttpContext context, Node node, PublishOnce publisher)
    {
        if (!node.Tokens.HasKeys)
        {
            return NotServing(context, "starting"); // No token can be judged yet.
        }

        if (HttpIdentity.Find(context, node.Tokens, out var detail) is not { } principal)
        {
            return Problem.Of(StatusCodes.Status401Unauthorized, detail);
        }

        if (node.IsDraining || node.IsStarting)
        {
            return NotServing(context, node.IsDraining ? "draining" : "starting");
        }

        var coding = context.Request.Headers.ContentEncoding.ToString();
        if (coding.Length > 0 && !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            // RFC 9110 section 15.5.16: which codings would do. A small body that unfolds to a large one costs us, not its sender.
            context.Response.Headers.AcceptEncoding = "identity";
            return Problem.Of(StatusCodes.Status415UnsupportedMediaType, "Content-Encoding: a body is taken as it is, without a coding.");
        }

        if (!principal.Acl.MayPublishAnything)
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "The token does not allow to publish.");
        }

        var user = node.Users.Enter(principal);
        try
        {
            return await PublishAsAsync(context, node, publisher, principal, user);
        }
        finally
        {
            node.Users.Leave(user);
        }
    }

    private static async Task<IResult> PublishAsAsync(
        HttpContext context, Node node, PublishOnce publisher, Principal principal, User user)
    {
        var limits = node.Options.Limits;
        using var body = new RequestBody(user);
        switch (await body.ReadAsync(context.Request, limits.RequestBytes))
        {
            case RequestBody.Outcome.TooLarge:
                return Problem.Of(StatusCodes.Status413PayloadTooLarge, $"A request has at most {limits.RequestBytes} bytes.");
            case RequestBody.Outcome.NoRoom:
                return Full(context, node, user, limits.RequestBytes);
            case RequestBody.Outcome.Broken:
                return Problem.Of(StatusCodes.Status400BadRequest, "The body ended before it was whole.");
            default:
                break;
        }

        var requests = new List<PublishRequest>();
        if (Parse(body.Bytes, limits.RequestMessages, limits.FrameBytes, requests, out var isBatch) is { } refusal)
        {
            return refusal;
        }

        body.LetGo();
        foreach (var recipient in requests.SelectMany(r => r.Recipients))
        {
            if (!principal.Acl.MayPublish(recipient.Key))
            {
                var destination = System.Text.Encoding.UTF8.GetString(recipient.Key);
                return Problem.Of(StatusCodes.Status403Forbidden, $"The token does not allow to publish to {destination}.");
            }
        }

        if (Limit(context, node, principal, requests.Sum(r => r.Recipients.Count)) is { } limited)
        {
            return limited;
        }

        if (!node.HasIds)
        {
            context.Response.Headers.RetryAfter = "1";
            var why = node.Fault ?? "its server id was not certain";
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, $"This node cannot number messages now: {why}.");
        }

        var (ids, refusal503) = await publisher.PublishAsync(user, requests);
        if (ids is null)
        {
            if (refusal503.Length == 0)
            {
                return Full(context, node, user, requests.Sum(r => (long)r.Body.Length * r.Recipients.Count));
            }

            context.Response.Headers.RetryAfter = "1";
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, refusal503);
        }

        var published = Array.ConvertAll(ids, id => new Published(id.ToString(CultureInfo.InvariantCulture)));
        return isBatch
            ? TypedResults.Json(published, statusCode: StatusCodes.Status202Accepted)
            : TypedResults.Json(published[0], statusCode: StatusCodes.Status202Accepted);
    }

    // Whoever fills their own share is told so, and waits; when everybody does, another node may have room.
    private static ProblemHttpResult Full(HttpContext context, Node node, User user, long bytes)
    {
        node.Metrics.Failed(Telemetry.FailureKind.Refused);
        context.Response.Headers.RetryAfter = "1";
        return Problem.Of(
            user.IsFullFor(bytes) ? StatusCodes.Status429TooManyRequests : StatusCodes.Status503ServiceUnavailable,
            MemoryWords.Refusal(user, bytes));
    }

    // Null when the principal may publish so many messages now.
    private static ProblemHttpResult? Limit(HttpContext context, Node node, Principal principal, int messages)
    {
        // Every recipient's copy is a message of its own.
        if (principal.PerSecond > 0 && messages > principal.Burst)
        {
            return Problem.Of(
                StatusCodes.Status400BadRequest,
                $"A request of this user has at most {principal.Burst} messages times recipients (the burst of the token).");
        }

        if (!node.Users.TryTake(principal.UserId, node.Clock.NowMs, principal.Burst, principal.PerSecond, messages, out var waitMs))
        {
            context.Response.Headers.RetryAfter = ((waitMs + 999) / 1000).ToString(CultureInfo.InvariantCulture);
            return Problem.Of(
                StatusCodes.Status429TooManyRequests,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"This user may send bursts of {principal.Burst} messages and {principal.PerSecond} a second."));
        }

        return null;
    }

    // All faults of a batch at once, each with its index.
    private static ProblemHttpResult? Parse(
        ReadOnlyMemory<byte> body, int messagesMax, int bodyMax, List<PublishRequest> requests, out bool isBatch)
    {
        isBatch = false;
        if (!System.Text.Unicode.Utf8.IsValid(body.Span))
        {
            // The reader would let it pass inside strings, and it would travel on as application/json.
            return Problem.Of(StatusCodes.Status400BadRequest, "The body is not JSON: it is not valid UTF-8.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, s_json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"The body is not JSON: {e.Message}");
        }

        using (document)
        {
            isBatch = document.RootElement.ValueKind == JsonValueKind.Array;
            var elements = isBatch ? document.RootElement.EnumerateArray().ToList() : [document.RootElement];
            if (elements.Count == 0 || elements.Count > messagesMax)
            {
                return Problem.Of(StatusCodes.Status400BadRequest, $"A batch has 1 to {messagesMax} messages.");
            }

            var faults = new List<string>();
            for (var i = 0; i < elements.Count; i++)
            {
                var request = Read(elements[i], messagesMax, out var fault);
                if (request is { Body.Length: var length } && length > bodyMax)
                {
                    return Problem.Of(StatusCodes.Status413PayloadTooLarge, $"A message's body has at most {bodyMax} bytes.");
                }

                if (request is null)
                {
                    faults.Add(isBatch ? $"[{i}].{fault}" : fault);
                }
                else
                {
                    requests.Add(request);
                }
            }

            if (faults.Count > 0)
            {
                return Problem.Of(StatusCodes.Status400BadRequest, string.Join("; ", faults.Take(20)), ("errors", faults));
            }

            return requests.Sum(r => r.Recipients.Count) > messagesMax
                ? Problem.Of(StatusCodes.Status400BadRequest, $"A request has at most {messagesMax} messages times recipients.")
                : null;
        }
    }

    private static PublishRequest? Read(JsonElement element, int messagesMax, out string fault)
    {
        try
        {
            return PublishRequest.Parse(element, messagesMax, out fault);
        }
        catch (InvalidOperationException)
        {
            // JSON's grammar allows it (RFC 8259 section 8.2), no string does.
            fault = "a name or a string holds one half of a surrogate pair";
            return null;
        }
    }

    private static async Task<IResult> DeliveriesAsync(string id, HttpContext context, Node node)
    {
        if (!RequestRate.TryAdmit(context, node, out var principal, out var refusal))
        {
            return refusal;
        }

        var known = long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var messageId)
            ? node.Cluster is { } cluster ? await cluster.Outcomes.FindAsync(messageId) : node.Ledger.Find(messageId)
            : [];
        var seen = known.Where(d => HttpIdentity.MaySee(principal, d.User)).Select(RecipientOutcome.From).ToList();
        return seen.Count == 0
            ? Problem.Of(
                StatusCodes.Status404NotFound,
                "No message to users with this id is remembered, or the token does not allow to see its recipients. "
                    + $"The last {node.Options.History.Deliveries} outcomes are kept.")
            : TypedResults.Ok(new Outcome(id, seen));
    }

    /// <summary>The answer to a publish; ids are decimal strings since JavaScript's numbers end at 2^53.</summary>
    internal sealed record Published(string MessageId);

    internal sealed record Outcome(string MessageId, IReadOnlyList<RecipientOutcome> Deliveries);

    internal sealed record RecipientOutcome(string User, string State, DateTime UpdatedAt)
    {
        public static RecipientOutcome From(Delivery delivery) => new(
            delivery.User,
            delivery.State switch
            {
                DeliveryState.Queued => "queued",
                DeliveryState.Delivered => "delivered",
                DeliveryState.Acked => "acked",
                DeliveryState.Expired => "expired",
                _ => "dead",
            },
            DateTimeOffset.FromUnixTimeMilliseconds(delivery.UpdatedMs).UtcDateTime);
    }
}
