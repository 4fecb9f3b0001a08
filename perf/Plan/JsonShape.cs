using System.Text.Encodings.Web;
using System.Text.Json;

namespace FastPush.Plan;

/// <summary>How this tool writes JSON, and reads what it wrote.</summary>
internal static class JsonShape
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        NewLine = "\n",
    };
}
