using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FastPush.Gateway.Http;

/// <summary>Problem details of RFC 9457: every refused request says what was wrong in the same shape.</summary>
internal static class Problem
{
    public static ProblemHttpResult Of(int status, string detail, params (string Name, object? Value)[] extensions) =>
        TypedResults.Problem(
            detail,
            statusCode: status,
            extensions: extensions.Length == 0 ? null : extensions.ToDictionary(e => e.Name, e => e.Value));

    /// <summary>Writes it where no result object can be returned, as before a stream.</summary>
    public static Task WriteAsync(HttpContext context, int status, string detail) => Of(status, detail).ExecuteAsync(context);
}
