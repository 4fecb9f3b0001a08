using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FastPush.Load.Run;

/// <summary>Reads a scenario file with the YAML parser that Crank uses, too, and keeps the line of each part for messages.</summary>
internal static class YamlReader
{
    /// <exception cref="ScenarioFileException">The text is not YAML, or not one document that is a map.</exception>
    public static YamlMap Read(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new ScenarioFileException((int)e.Start.Line, e.InnerException?.Message ?? e.Message);
        }

        return stream.Documents.Count switch
        {
            0 => new YamlMap(1, []),
            1 => Convert(stream.Documents[0].RootNode) as YamlMap ?? throw new ScenarioFileException(1, "the file must be a map"),
            _ => throw new ScenarioFileException((int)stream.Documents[1].RootNode.Start.Line, "a second document"),
        };
    }

    private static YamlNode Convert(YamlDotNet.RepresentationModel.YamlNode node)
    {
        var line = (int)node.Start.Line;
        return node switch
        {
            YamlScalarNode scalar => new YamlScalar(line, scalar.Value ?? ""),
            YamlSequenceNode list => new YamlList(line, [.. list.Children.Select(Convert)]),
            YamlMappingNode map => new YamlMap(line, [.. map.Children.Select(e => KeyValuePair.Create(Key(e.Key), Convert(e.Value)))]),
            _ => throw new ScenarioFileException(line, "an alias to what comes later"),
        };
    }

    private static string Key(YamlDotNet.RepresentationModel.YamlNode node) => node is YamlScalarNode { Value: { } key }
        ? key
        : throw new ScenarioFileException((int)node.Start.Line, "a key must be a text");
}
