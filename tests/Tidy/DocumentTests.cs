using System.Text.RegularExpressions;

namespace FastPush.Tidy;

public sealed partial class DocumentTests
{
    private static IEnumerable<SourceFile> Documents =>
        SourceTree.Files.Where(file => file.Path == "README.md" || (file.IsUnder("docs") && file.Extension == ".md"));

    [Fact]
    public void There_is_a_README() => Assert.True(
        SourceTree.Exists("README.md"), "README.md:1: there is none. Write one: what FastPush is, how to start, test and use it");

    [Fact]
    public void Paths_that_the_documents_name_exist() =>
        Violation.AssertNone(Documents.SelectMany(file => DeadPaths(file, SourceTree.Exists)));

    [Fact]
    public void Links_between_the_documents_lead_somewhere() =>
        Violation.AssertNone(Documents.SelectMany(file => DeadLinks(file, SourceTree.Exists)));

    [Theory]
    [InlineData("see `src/A.cs`, `scripts/run.sh --fast` and `./docs/b.md#top`", "src/A.cs scripts/run.sh docs/b.md")]
    [InlineData("`src/A.cs:12` and `tests/*.mjs` and `src/A/`.", "src/A.cs tests src/A")]
    [InlineData("text\n```sh\nbash scripts/run.sh\n```\nsrc/unquoted.cs", "scripts/run.sh")]
    [InlineData("`/topic/docs/x`, `perf/<name>.json`, `srcs/x`, `GET /src/x`", "")]
    public void The_path_rule_reads_code_spans_and_blocks(string text, string paths)
    {
        var asked = new List<string>();
        Assert.Equal(paths.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, DeadPaths(new("README.md", text), path =>
        {
            asked.Add(path);
            return false;
        }).Count());
        Assert.Equal(paths, string.Join(' ', asked));
    }

    [Theory]
    [InlineData("docs/a.md", "[x](b.md#y)", "docs/b.md")]
    [InlineData("docs/a.md", "![x](../src/p.png)", "src/p.png")]
    [InlineData("README.md", "[x](docs/a.md) [y](https://example.org) [z](#z)", "docs/a.md")]
    public void The_link_rule_starts_at_the_document(string document, string text, string path)
    {
        Assert.Single(DeadLinks(new(document, text), _ => false));
        Assert.Empty(DeadLinks(new(document, text), asked => asked == path));
    }

    private static IEnumerable<Violation> DeadPaths(SourceFile file, Func<string, bool> exists)
    {
        var fenced = false;
        foreach (var (number, line) in file.Lines.Index())
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            fenced ^= isFence;
            var spans = fenced && !isFence ? [line] : CodeSpan().Matches(line).Select(m => m.Groups[1].Value);
            foreach (Match path in spans.SelectMany(span => RepositoryPath().Matches(span)))
            {
                // Of a pattern, the folder in front of it must exist.
                var fixedPart = path.Groups[1].Value.Split('*')[0];
                fixedPart = fixedPart == path.Groups[1].Value ? fixedPart : fixedPart[..fixedPart.LastIndexOf('/')];
                if (!exists(fixedPart.TrimEnd('.', ',', ':', '/')))
                    yield return file.AtLine(number + 1, $"'{path.Groups[1].Value}' does not exist. Name the file that has this now");
            }
        }
    }

    private static IEnumerable<Violation> DeadLinks(SourceFile file, Func<string, bool> exists)
    {
        foreach (Match link in Link().Matches(file.Text))
        {
            var folder = Path.Combine(SourceTree.Root, Path.GetDirectoryName(file.Path) ?? "");
            var target = Path.GetRelativePath(SourceTree.Root, Path.GetFullPath(link.Groups[1].Value, folder));
            if (!exists(target))
                yield return file.At(link.Index, $"the link to '{link.Groups[1].Value}' is dead. Point it at the file that has this now");
        }
    }

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"(?:(?<=^|[\s""'=(])(?:\./)?)((?:src|tests|scripts|docs|perf|bench|deploy|\.ci)/[\w./*-]*)(?![\w./*<{$-])")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\]\((?![a-z]+:|#|/)([^)\s#]+)[^)]*\)")]
    private static partial Regex Link();
}
