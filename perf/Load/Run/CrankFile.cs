namespace FastPush.Load.Run;

/// <summary>A job of a scenario, its variables put in.</summary>
internal sealed record Service(
    string Name,
    string Executable,
    string Arguments,
    string? ReadyStateText,
    string? BeforeScript,
    bool WaitForExit,
    IReadOnlyDictionary<string, string> Sources,
    IReadOnlyDictionary<string, string> Environment);

/// <summary>
/// A scenario file of Crank (https://github.com/dotnet/crank), as far as the local runner goes: jobs with an executable, scenarios of
/// them, profiles, variables. A key that means nothing here is an error, so that a file never does something else than it says.
/// </summary>
internal sealed class CrankFile
{
    private static readonly string[] s_rootKeys = ["variables", "jobs", "scenarios", "profiles"];

    private static readonly string[] s_jobKeys =
    [
        "sources", "executable", "arguments", "readyStateText", "beforeScript", "waitForExit", "environmentVariables", "variables",
        "timeout", "startTimeout", "options", "job", "endpoints",
    ];

    private readonly YamlMap _root;
    private readonly string _folder;

    /// <param name="text">The file's text.</param>
    /// <param name="folder">Where it stands: local folders are relative to it.</param>
    public CrankFile(string text, string folder)
    {
        _root = YamlReader.Read(text);
        _folder = folder;
        CheckKeys(_root, s_rootKeys);
    }

    public IEnumerable<string> Scenarios => Map(_root, "scenarios").Entries.Select(e => e.Key);

    /// <summary>The services of a scenario in their order.</summary>
    public IReadOnlyList<Service> Services(string scenario, string profile, IReadOnlyDictionary<string, string> given)
    {
        if (Map(_root, "scenarios").Find(scenario) is not YamlMap services)
        {
            throw new ScenarioFileException(_root.Line, $"no scenario is called '{scenario}'; there are {string.Join(", ", Scenarios)}");
        }

        if (Map(_root, "profiles").Find(profile) is not YamlMap chosen)
        {
            throw new ScenarioFileException(_root.Line, $"no profile is called '{profile}'");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        var list = services.Entries.Select(e => Service(e.Key, e.Value, chosen, given, known)).ToList();
        var unknown = given.Keys.FirstOrDefault(name => !known.Contains(name));
        return unknown is null ? list : throw new ScenarioFileException(_root.Line, $"no variable is called '{unknown}'");
    }

    private Service Service(
        string name, YamlNode node, YamlMap profile, IReadOnlyDictionary<string, string> given, HashSet<string> known)
    {
        var use = node as YamlMap ?? throw new ScenarioFileException(node.Line, $"'{name}' must be a map with a job");
        var jobName = Text(use, "job") ?? throw new ScenarioFileException(use.Line, $"'{name}' names no job");
        var job = Map(_root, "jobs").Find(jobName) as YamlMap ?? throw new ScenarioFileException(use.Line, $"no job is called '{jobName}'");
        var own = Map(profile, "jobs").Find(name) as YamlMap ?? new YamlMap(profile.Line, []);
        YamlMap[] layers = [job, use, own];
        foreach (var layer in layers)
        {
            CheckKeys(layer, s_jobKeys);
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in new[] { _root, profile, job, use, own }.SelectMany(layer => Map(layer, "variables").Entries))
        {
            variables[entry.Key] = Scalar(entry.Value);
        }

        known.UnionWith(variables.Keys);
        foreach (var (key, value) in given)
        {
            variables[key] = value;
        }

        string? Value(string key)
        {
            var scalar = layers.Select(layer => layer.Find(key)).LastOrDefault(v => v is not null);
            return scalar is null ? null : Template.Render(Scalar(scalar), variables, scalar.Line);
        }

        return new Service(
            name,
            Value("executable") ?? throw new ScenarioFileException(job.Line, $"the job '{jobName}' has no executable"),
            Value("arguments") ?? "",
            Value("readyStateText"),
            Value("beforeScript"),
            Value("waitForExit") == "true",
            Sources(job),
            Map(job, "environmentVariables").Entries
                .ToDictionary(e => e.Key, e => Template.Render(Scalar(e.Value), variables, e.Value.Line)));
    }

    private Dictionary<string, string> Sources(YamlMap job) => Map(job, "sources").Entries.ToDictionary(
        e => e.Key,
        e => e.Value is YamlMap source && Text(source, "localFolder") is { } folder
            ? Path.GetFullPath(folder, _folder)
            : throw new ScenarioFileException(e.Value.Line, $"the source '{e.Key}' has no localFolder"));

    private static YamlMap Map(YamlMap parent, string key) => parent.Find(key) switch
    {
        null => new YamlMap(parent.Line, []),
        YamlMap map => map,
        { } other => throw new ScenarioFileException(other.Line, $"'{key}' must be a map"),
    };

    private static string? Text(YamlMap parent, string key) => parent.Find(key) is { } node ? Scalar(node) : null;

    private static string Scalar(YamlNode node) =>
        node is YamlScalar scalar ? scalar.Text : throw new ScenarioFileException(node.Line, "a text or number is expected");

    private static void CheckKeys(YamlMap map, string[] known)
    {
        foreach (var (key, value) in map.Entries)
        {
            if (!known.Contains(key))
            {
                throw new ScenarioFileException(value.Line, $"'{key}' is not understood by the local runner");
            }
        }
    }
}
