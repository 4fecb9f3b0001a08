using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FastPush.Gateway.Http;

/// <summary>
/// Liveness: the process answers. Readiness: it may get new clients, which ends when it drains. Both under two names (P18).
/// </summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { "/health/live", "/actuator/health/liveness" })
        {
            routes.MapGet(path, () => TypedResults.Ok(new Health("UP"))).WithTags("health");
        }

        foreach (var path in new[] { "/health/ready", "/actuator/health/readiness" })
        {
            routes.MapGet(path, (Node node) => Ready(node)).WithTags("health");
        }
    }

    private static IResult Ready(Node node)
    {
        if (node.IsDraining)
        {
            return Not("OUT_OF_SERVICE", "the node drains");
        }

        return node.Fault is { } fault ? Not("DOWN", fault) : TypedResults.Ok(new Health("UP"));
    }

    private static JsonHttpResult<Health> Not(string status, string why) =>
        TypedResults.Json(new Health(status, why), statusCode: StatusCodes.Status503ServiceUnavailable);

    /// <summary>The body of both.</summary>
    internal sealed record Health(
        string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null);
}
