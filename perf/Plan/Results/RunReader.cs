using System.Text.Json;

namespace FastPush.Plan.Results;

/// <summary>
/// Reads measured runs: results of fastpush-load (an object with "scenario") and lines of the neutral client wsload ("tool": "wsload").
/// A file holds one or more objects. Files whose name begins with "calibration" hold runs that only the constants are from, those with
/// "validation" runs that the constants must not know.
/// </summary>
internal static class RunReader
{
    private const string CalibrationPrefix = "calibration";
    private const string ValidationPrefix = "validation";

    /// <exception cref="InputException">No folder, no runs, or a file that holds something else.</exception>
    public static (Conditions Conditions, IReadOnlyList<MeasuredRun> Runs) ReadFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"there is no folder '{folder}'");
        }

        var runs = new List<MeasuredRun>();
        var conditions = new Conditions();
        foreach (var path in Directory.EnumerateFiles(folder).Where(IsResult).Order(StringComparer.Ordinal))
        {
            foreach (var element in ReadObjects(path))
            {
                var read = Read(element, path);
                runs.AddRange(read);
                conditions = Complete(conditions, LoadResult.Conditions(element));
            }
        }

        var shared = Path.Combine(folder, Conditions.FileName);
        return runs.Count > 0
            ? (File.Exists(shared) ? Complete(Conditions.Read(shared), conditions) : conditions, runs)
            : throw new InputException($"'{folder}' holds no results (*.json, *.jsonl)");
    }

    private static bool IsResult(string path) =>
        Path.GetExtension(path) is ".json" or ".jsonl" && Path.GetFileName(path) != Conditions.FileName;

    private static IEnumerable<MeasuredRun> Read(JsonElement element, string path)
    {
        var isWsload = JsonFields.Text(element, "tool") == "wsload";
        if (!isWsload && JsonFields.Text(element, "scenario") is null)
        {
            throw new InputException($"{path}: an object with neither \"scenario\" nor \"tool\": \"wsload\" is not a result");
        }

        bool Begins(string prefix) => Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal);
        var runs = isWsload ? [WsloadResult.Read(element)] : LoadResult.Read(element);
        return runs.Select(run => run with { IsCalibration = Begins(CalibrationPrefix), IsValidation = Begins(ValidationPrefix) });
    }

    private static List<JsonElement> ReadObjects(string path)
    {
        var options = new JsonReaderOptions { AllowMultipleValues = true };
        var reader = new Utf8JsonReader(File.ReadAllBytes(path), options);
        var objects = new List<JsonElement>();
        try
        {
            while (reader.Read())
            {
                objects.Add(JsonElement.ParseValue(ref reader));
            }
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: {e.Message}", e);
        }

        return objects.TrueForAll(o => o.ValueKind == JsonValueKind.Object)
            ? objects
            : throw new InputException($"{path}: a result is a JSON object");
    }

    private static Conditions Complete(Conditions known, Conditions more) => known with
    {
        Date = known.Date ?? more.Date,
        Commit = known.Commit ?? more.Commit,
        Machine = known.Machine ?? more.Machine,
    };
}
