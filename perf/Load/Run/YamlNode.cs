namespace FastPush.Load.Run;

/// <summary>A part of a YAML file, with the line it begins on.</summary>
internal abstract record YamlNode(int Line);

/// <summary>A plain or quoted text; what type it is meant to have is the reader's to know.</summary>
internal sealed record YamlScalar(int Line, string Text) : YamlNode(Line);

internal sealed record YamlList(int Line, IReadOnlyList<YamlNode> Items) : YamlNode(Line);

/// <summary>Keys in their order; each is there once.</summary>
internal sealed record YamlMap(int Line, IReadOnlyList<KeyValuePair<string, YamlNode>> Entries) : YamlNode(Line)
{
    public YamlNode? Find(string key) => Entries.FirstOrDefault(e => e.Key == key).Value;
}

/// <summary>A scenario file that is not YAML, or does not say what it must.</summary>
internal sealed class ScenarioFileException(int line, string message) : Exception($"line {line}: {message}")
{
    public int Line { get; } = line;
}
