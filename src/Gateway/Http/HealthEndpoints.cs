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

    private static IResult Ready(Node node) =>
        node.IsDraining
            ? TypedResults.Json(new Health("OUT_OF_SERVICE"), statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.Ok(new Health("UP"));

    /// <summary>The body of both.</summary>
    internal sealed record Health(string Status);
}
