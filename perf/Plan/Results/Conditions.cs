using System.Text.Json;

namespace FastPush.Plan.Results;

/// <summary>The machine a run was measured on; what is not known is null.</summary>
internal sealed record Machine(string? CpuModel, int? Cores, long? MemoryBytes, string? Kernel);

/// <summary>What all runs of a folder share: <c>conditions.json</c> says it, else the first result that does.</summary>
internal sealed record Conditions
{
    public const string FileName = "conditions.json";

    /// <summary>Day of the measurement, yyyy-MM-dd.</summary>
    public string? Date { get; init; }

    /// <summary>Time of that day, HH:mm of UTC.</summary>
    public string? Time { get; init; }

    public string? Commit { get; init; }

    public Machine? Machine { get; init; }

    /// <summary>Sentences: where server and client ran, what each label is.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Commands that repeat the measurement.</summary>
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <exception cref="InputException">Not JSON of this shape.</exception>
    public static Conditions Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Conditions>(File.ReadAllText(path), JsonShape.Options) ?? new Conditions();
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: {e.Message}", e);
        }
    }
}
