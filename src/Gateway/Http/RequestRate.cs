using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FastPush.Gateway.Auth;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FastPush.Gateway.Http;

/// <summary>Requests that publish nothing cost tokens of the bucket of commands, as STOMP's commands do.</summary>
internal static class RequestRate
{
    /// <summary>Who asks, if they may ask now; else the answer: 401, or 429 with <c>Retry-After</c>.</summary>
    public static bool TryAdmit(
        HttpContext context,
        Node node,
        [NotNullWhen(true)] out Principal? principal,
        [NotNullWhen(false)] out ProblemHttpResult? refusal)
    {
        principal = HttpIdentity.Find(context, node.Tokens, out var detail);
        refusal = principal is null ? Problem.Of(StatusCodes.Status401Unauthorized, detail)
            : !TryTake(context, node, principal, 1, out detail) ? Problem.Of(StatusCodes.Status429TooManyRequests, detail)
            : null;
        return refusal is null;
    }

    /// <summary>Takes tokens; false with the text for a 429, whose <c>Retry-After</c> is then set.</summary>
    public static bool TryTake(HttpContext context, Node node, Principal principal, int tokens, out string detail)
    {
        detail = "";
        var limits = node.Options.Limits;
        if (limits.CommandsPerSecond == 0 || tokens <= 0)
        {
            return true;
        }

        var (burst, perSecond) = limits.CommandRateOf(principal.Burst, principal.PerSecond);
        if (node.Users.TryTakeCommands(principal.UserId, node.Clock.NowMs, burst, perSecond, Math.Min(tokens, burst), out var waitMs))
        {
            return true;
        }

        context.Response.Headers.RetryAfter = ((waitMs + 999) / 1000).ToString(CultureInfo.InvariantCulture);
        detail = $"This user may send bursts of {limits.CommandBurst} requests and commands beside messages, and "
            + $"{limits.CommandsPerSecond} a second; a stream costs as many as it has destinations.";
        return false;
    }
}
