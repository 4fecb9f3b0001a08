using Microsoft.Net.Http.Headers;

namespace FastPush.Gateway.Http;

/// <summary>
/// HEAD answers wherever GET does, and OPTIONS says what a path takes (RFC 9110 sections 9.3.2 and 9.3.7), so that no endpoint has to say
/// so by itself.
/// </summary>
internal static class RequestMethods
{
    private static readonly object s_isHead = new();

    /// <summary>The request is a HEAD, whatever its method is called now: nobody will read a body.</summary>
    public static bool IsHead(HttpContext context) => context.Items.ContainsKey(s_isHead);

    /// <summary>In front of routing: a HEAD goes to the endpoint of GET. The server knows, and sends no body.</summary>
    public static Task HeadAsGetAsync(HttpContext context, RequestDelegate next)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Items[s_isHead] = s_isHead;
            context.Request.Method = HttpMethods.Get;
        }

        return next(context);
    }

    /// <summary>Behind routing, which has found which methods the path takes.</summary>
    public static async Task OptionsAsync(HttpContext context, RequestDelegate next, Func<string, bool> isFile)
    {
        await next(context);
        var response = context.Response;
        var isOptions = HttpMethods.IsOptions(context.Request.Method);
        if (response.HasStarted)
        {
            return;
        }

        if (response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            Allow(response, response.Headers.Allow.ToString().Contains(HttpMethods.Get, StringComparison.Ordinal));
        }
        else if (isOptions && response.StatusCode == StatusCodes.Status404NotFound && isFile(context.Request.Path))
        {
            response.Headers.Allow = HttpMethods.Get;
            Allow(response, hasGet: true);
        }
        else
        {
            return;
        }

        response.StatusCode = isOptions ? StatusCodes.Status204NoContent : response.StatusCode;
    }

    private static void Allow(HttpResponse response, bool hasGet)
    {
        if (hasGet)
        {
            response.Headers.AppendCommaSeparatedValues(HeaderNames.Allow, HttpMethods.Head);
        }

        response.Headers.AppendCommaSeparatedValues(HeaderNames.Allow, HttpMethods.Options);
    }
}
