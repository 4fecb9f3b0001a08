using System.Globalization;
using FastPush.Gateway.Auth;
using FastPush.Relay.Presence;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Http;

/// <summary>What this node is, tokens for development, and who is online.</summary>
internal static class InfoEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunMode mode, DevIssuer? issuer)
    {
        routes.MapGet("/api/v1/info", (Node node) => TypedResults.Ok(mode with { ServerId = node.Cluster?.ServerId ?? mode.ServerId }))
            .WithTags("node");
        routes.MapGet("/api/v1/presence/{userId}", PresenceAsync).WithTags("presence");
        if (issuer is not null)
        {
            routes.MapGet("/dev/token", (HttpContext context, OriginPolicy origins) => Token(context, issuer, origins))
                .WithTags("development");
        }
    }

    private static async Task<IResult> PresenceAsync(string userId, HttpContext context, Node node)
    {
        if (!RequestRate.TryAdmit(context, node, out var principal, out var refusal))
        {
            return refusal;
        }

        if (!HttpIdentity.MaySee(principal, userId))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "The token does not allow to see this user.");
        }

        try
        {
            return TypedResults.Ok(Presence.From(userId, await node.Presence.GetAsync(userId)));
        }
        catch (StoreUnavailableException e)
        {
            context.Response.Headers.RetryAfter = "1";
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, $"It is not known now who is there: {e.Message}.");
        }
    }

    private static IResult Token(HttpContext context, DevIssuer issuer, OriginPolicy origins)
    {
        if (LocalRequest.Refusal(context, origins) is { } refusal)
        {
            return Problem.Of(StatusCodes.Status403Forbidden, $"Development tokens are given {refusal}.");
        }

        var query = context.Request.Query;
        var user = query["user"].ToString();
        if (!Principal.IsUserId(user))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "?user= has 1 to 200 bytes, no control characters and no slash.");
        }

        int? burst = null;
        double? perSecond = null;
        var ttl = 3600;
        if ((query.ContainsKey("burst") && !TryInt(query["burst"], 1, out burst))
            || (query.ContainsKey("perSecond") && !TryRate(query["perSecond"], out perSecond))
            || (query.ContainsKey("ttlSeconds") && !TryTtl(query["ttlSeconds"], out ttl)))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "burst is a number from 1, perSecond one from 0, ttlSeconds one from 1.");
        }

        var token = issuer.Issue(user, List(query["subscribe"]), List(query["publish"]), burst, perSecond, List(query["roles"]), ttl);
        return TypedResults.Ok(new DevToken(token, user, DateTimeOffset.FromUnixTimeSeconds(Expiry(token)).UtcDateTime));
    }

    private static long Expiry(string token)
    {
        var payload = System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]);
        using var claims = System.Text.Json.JsonDocument.Parse(payload);
        return claims.RootElement.GetProperty("exp").GetInt64();
    }

    private static string[]? List(Microsoft.Extensions.Primitives.StringValues values) =>
        values.Count == 0 ? null : [.. values.Where(v => !string.IsNullOrEmpty(v))!];

    private static bool TryInt(string? text, int least, out int? value)
    {
        var parsed = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least;
        value = number;
        return parsed;
    }

    private static bool TryRate(string? text, out double? value)
    {
        var parsed = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
        value = number;
        return parsed;
    }

    private static bool TryTtl(string? text, out int value)
    {
        var parsed = TryInt(text, 1, out var number);
        value = number ?? 0;
        return parsed;
    }

    /// <summary>A user's presence.</summary>
    internal sealed record Presence(string UserId, bool Online, int Sessions, DateTime? LastSeen)
    {
        public static Presence From(string user, UserPresence presence) => new(
            user,
            presence.Online,
            presence.Sessions,
            presence.LastSeenMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime : null);
    }

    internal sealed record DevToken(string Token, string User, DateTime ExpiresAt);
}
