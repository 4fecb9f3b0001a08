using System.Text;
using FastPush.Gateway.Auth;
using Microsoft.Net.Http.Headers;

namespace FastPush.Gateway.Http;

/// <summary>
/// CORS (Fetch standard, "CORS protocol"): pages of the origins that <c>FastPush:Origins</c> names may read every answer, refusals too, and
/// may send a token. Never with credentials: who asks is told by the token, not by cookies. Preflights are answered here.
/// </summary>
internal sealed class CrossOrigin(OriginPolicy origins)
{
    private const string Methods = "GET, HEAD, POST, OPTIONS";
    private const string RequestHeaders = "Authorization, Content-Type, Last-Event-ID";
    private const string ResponseHeaders = "Retry-After, WWW-Authenticate";

    // A preflight costs a round trip; browsers keep its answer for two hours at most.
    private const string MaxAgeSeconds = "7200";

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var origin = request.Headers.Origin.ToString();
        var isAllowed = origin.Length > 0 && IsAllowed(origin, request.Headers.Host.ToString());
        var allowed = isAllowed ? origins.AllowsAny ? "*" : origin : null;

        // When the answer begins: a handler of faults may have begun it anew.
        context.Response.OnStarting(() => AddAsync(context.Response.Headers, allowed));
        var isPreflight = HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey(HeaderNames.AccessControlRequestMethod);
        if (!isPreflight || origin.Length == 0)
        {
            return next(context);
        }

        if (!isAllowed)
        {
            return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, "Pages of this origin may not ask (FastPush:Origins).");
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = MaxAgeSeconds;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private bool IsAllowed(string origin, string host) => origins.Allows(Encoding.UTF8.GetBytes(origin), Encoding.UTF8.GetBytes(host));

    private Task AddAsync(IHeaderDictionary headers, string? allowed)
    {
        if (!origins.AllowsAny)
        {
            headers.Append(HeaderNames.Vary, HeaderNames.Origin); // Also without an origin: a cache must not give this answer to one.
        }

        if (allowed is not null)
        {
            headers.AccessControlAllowOrigin = allowed;
            headers.AccessControlExposeHeaders = ResponseHeaders;
        }

        return Task.CompletedTask;
    }
}
