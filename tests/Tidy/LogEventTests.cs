using System.Text.RegularExpressions;

namespace FastPush.Tidy;

public sealed partial class LogEventTests
{
    [Fact]
    public void Log_event_ids_are_unique_across_src() => Violation.AssertNone(BadEventIds(SourceTree.CSharp("src")));

    [Fact]
    public void The_rule_finds_double_and_missing_ids_over_files()
    {
        const string First = """
            [LoggerMessage(EventId = 1, Level = LogLevel.Debug, Message = "EventId = 9")]
            [LoggerMessage(2, LogLevel.Debug, "b")]
            """;
        const string Second = """
            // [LoggerMessage(1, gone)]
            [LoggerMessage(LogLevel.Debug, "c")]
            [LoggerMessage(Level = L(0), EventId = 2)]
            [LoggerMessage(3, LogLevel.Debug, "d")]
            """;
        SourceFile[] files = [new("src/A.cs", First), new("src/B.cs", Second)];
        Assert.Equal(["src/B.cs:2", "src/B.cs:3"], BadEventIds(files).Select(violation => violation.Where));
    }

    private static IEnumerable<Violation> BadEventIds(IEnumerable<SourceFile> files)
    {
        var seen = new Dictionary<string, Violation>();
        foreach (var file in files)
        {
            foreach (Match attribute in LoggerMessage().Matches(file.Code))
            {
                var id = EventId().Match(attribute.Groups["arguments"].Value).Groups[1].Value;
                var here = file.At(attribute.Index, id);
                if (id.Length == 0)
                    yield return file.At(attribute.Index, "a LoggerMessage without a number. Give it its project's next free EventId");
                else if (!seen.TryAdd(id, here))
                    yield return file.At(attribute.Index, $"EventId {id} is taken by {seen[id].Where}. Take its project's next free one");
            }
        }
    }

    [GeneratedRegex(@"\bLoggerMessage\s*\((?<arguments>(?>[^()]|(?<p>\()|(?<-p>\)))*(?(p)(?!)))\)")]
    private static partial Regex LoggerMessage();

    [GeneratedRegex(@"(?:^\s*|\b[Ee]ventId\s*[=:]\s*)(\d[\d_]*)")]
    private static partial Regex EventId();
}
