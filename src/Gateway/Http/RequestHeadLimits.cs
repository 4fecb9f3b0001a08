using FastPush.Gateway.Options;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FastPush.Gateway.Http;

/// <summary>
/// How long the head of an HTTP request may be. Kestrel refuses without a body; so its bounds lie a little higher than those that are
/// told, and who is over them by less gets a problem that says what the bound is.
/// </summary>
internal static class RequestHeadLimits
{
    /// <summary>Of all header fields of a request; those of an upgrade are bounded by <c>Limits:UpgradeHeadBytes</c>.</summary>
    private const int HeaderBytes = 32 << 10;

    private const int MarginBytes = 16 << 10;

    // METHOD SP target SP HTTP/1.1 CR LF
    private const int AroundTargetBytes = 12;

    public static void Apply(KestrelServerLimits kestrel, LimitOptions limits)
    {
        kestrel.MaxRequestLineSize = limits.RequestLineBytes + MarginBytes;
        kestrel.MaxRequestHeadersTotalSize = HeaderBytes + MarginBytes;
    }

    public static Task CheckAsync(HttpContext context, RequestDelegate next, LimitOptions limits)
    {
        var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Method.Length + request.RawTarget.Length + AroundTargetBytes > limits.RequestLineBytes)
        {
            return RefuseAsync(
                context,
                StatusCodes.Status414UriTooLong,
                $"A request line has at most {limits.RequestLineBytes} bytes (FastPush:Limits:RequestLineBytes).");
        }

        var bytes = 0;
        foreach (var (name, values) in request.Headers)
        {
            foreach (var value in values)
            {
                bytes += name.Length + (value?.Length ?? 0) + 4; // ": " and the line's end.
            }
        }

        return bytes > HeaderBytes
            ? RefuseAsync(
                context, StatusCodes.Status431RequestHeaderFieldsTooLarge, $"Header fields have at most {HeaderBytes} bytes in all.")
            : next(context);
    }

    private static Task RefuseAsync(HttpContext context, int status, string detail)
    {
        context.Response.Headers.Connection = "close";
        return Problem.WriteAsync(context, status, detail);
    }
}
