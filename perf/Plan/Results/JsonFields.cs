using System.Text.Json;

namespace FastPush.Plan.Results;

/// <summary>Members of a result by path; an absent one, or one of another kind, is null.</summary>
internal static class JsonFields
{
    public static double? Number(JsonElement element, params ReadOnlySpan<string> path) =>
        Find(element, path) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public static string? Text(JsonElement element, params ReadOnlySpan<string> path) =>
        Find(element, path) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static bool Flag(JsonElement element, params ReadOnlySpan<string> path) =>
        Find(element, path) is { ValueKind: JsonValueKind.True };

    public static int Int(JsonElement element, params ReadOnlySpan<string> path) => (int)(Number(element, path) ?? 0);

    public static JsonElement? Find(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }
}
