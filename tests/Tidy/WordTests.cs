using System.Text.RegularExpressions;

namespace FastPush.Tidy;

public sealed partial class WordTests
{
    // Put together here so that the rules do not find themselves.
    private static readonly Regex Unfinished = new(@"\b(TO" + "DO|FIX" + "ME|HA" + "CK|XX" + @"X)\b");

    [Fact]
    public void Nothing_is_left_for_later() => Violation.AssertNone(SourceTree.Code.SelectMany(LeftForLater));

    [Fact]
    public void Nothing_throws_NotImplementedException() =>
        Violation.AssertNone(SourceTree.CSharp("src", "tests").SelectMany(file => Matches(
            file, NotImplemented(), "a stub. Write it, or leave the member out until it is written")));

    [Fact]
    public void Tests_do_not_sleep() =>
        Violation.AssertNone(SourceTree.CSharp("tests").SelectMany(file => Matches(
            file, Sleep(), "a test that sleeps. Wait for the event itself, or turn a fake TimeProvider")));

    [Fact]
    public void Tests_are_not_skipped() =>
        Violation.AssertNone(SourceTree.Code.Where(file => file.IsUnder("tests")).SelectMany(Skipped));

    [Fact]
    public void No_catch_is_empty() => Violation.AssertNone(SourceTree.Code.SelectMany(EmptyCatches));

    [Fact]
    public void Types_in_src_are_named_for_what_they_are() => Violation.AssertNone(SourceTree.CSharp("src").SelectMany(VagueNames));

    [Theory]
    [InlineData("// TO" + "DO: later", 1)]
    [InlineData("# FIX" + "ME", 1)]
    [InlineData("var todos = HackneyedToDo;", 0)]
    public void The_rule_for_later_reads_whole_words(string text, int found) =>
        Assert.Equal(found, LeftForLater(new("src/a.js", text)).Count());

    [Theory]
    [InlineData("throw new NotImplementedException();", 1)]
    [InlineData("// NotImplementedException", 0)]
    public void The_stub_rule_reads_code(string text, int found) =>
        Assert.Equal(found, Matches(new("src/A.cs", text), NotImplemented(), "").Count());

    [Theory]
    [InlineData("Thread.Sleep(5);", 1)]
    [InlineData("await Task.Delay(5);", 1)]
    [InlineData("Call(\"Task.Delay(5)\");", 0)]
    public void The_sleep_rule_reads_code(string text, int found) =>
        Assert.Equal(found, Matches(new("tests/A.cs", text), Sleep(), "").Count());

    [Theory]
    [InlineData("tests/A.cs", "[Fact(Skip = \"flaky\")]", 1)]
    [InlineData("tests/A.cs", "if (Skip == 1)", 0)]
    [InlineData("tests/a.test.mjs", "test.skip('x', () => {});", 1)]
    [InlineData("tests/a.test.mjs", "test('x', { todo: true }, f);", 1)]
    [InlineData("tests/a.test.mjs", "describe.only('x', f);", 1)]
    [InlineData("tests/a.test.mjs", "test('x', { timeout: 5 }, f);", 0)]
    public void The_skip_rule_knows_both_languages(string path, string text, int found) =>
        Assert.Equal(found, Skipped(new(path, text)).Count());

    [Theory]
    [InlineData("a.cs", "try { } catch { }", 1)]
    [InlineData("a.cs", "try { } catch (E e) when (e is F(1)) { /* why */ }", 1)]
    [InlineData("a.cs", "try { } catch (E) { return; } finally { }", 0)]
    [InlineData("a.mjs", "try { x(); } catch (e) { }", 1)]
    [InlineData("a.mjs", "p.catch(() => {}); try { x(); } catch { y(); }", 1)]
    [InlineData("a.mjs", "p.catch(report);", 0)]
    public void The_catch_rule_takes_a_comment_for_nothing(string path, string text, int found) =>
        Assert.Equal(found, EmptyCatches(new(path, text)).Count());

    [Theory]
    [InlineData("class SessionManager { }", 1)]
    [InlineData("record struct FrameBase(int A);", 1)]
    [InlineData("static class ByteUtils", 1)]
    [InlineData("interface IHelper", 1)]
    [InlineData("class Database { }", 0)]
    [InlineData("class Outbox(SessionManager m) : FrameBase { }", 0)]
    public void The_name_rule_reads_declarations(string text, int found) =>
        Assert.Equal(found, VagueNames(new("src/A.cs", text)).Count());

    private static IEnumerable<Violation> LeftForLater(SourceFile file) =>
        Unfinished.Matches(file.Text).Select(m => file.At(
            m.Index, $"'{m.Value}'. Do it now, or open an issue and leave the code as it stands"));

    private static IEnumerable<Violation> Matches(SourceFile file, Regex needle, string instead) =>
        needle.Matches(file.Code).Select(m => file.At(m.Index, $"'{m.Value}': {instead}"));

    private static IEnumerable<Violation> Skipped(SourceFile file)
    {
        var (text, needle) = file.Extension == ".cs" ? (file.Code, SkipInCSharp()) : (file.Text, SkipInScript());
        return needle.Matches(text).Select(m => file.At(m.Index, $"'{m.Value.Trim()}': a test that does not run. Mend or delete it"));
    }

    private static IEnumerable<Violation> EmptyCatches(SourceFile file)
    {
        var (text, needle) = file.Extension == ".cs" ? (file.Code, EmptyCatchInCSharp()) : (file.Text, EmptyCatchInScript());
        if (file.Extension is not (".cs" or ".js" or ".mjs" or ".ts" or ".html"))
            return [];
        return needle.Matches(text).Select(m => file.At(
            m.Index, "an empty catch (a comment does not count). Handle, count or log it; failing that, return a value that says so"));
    }

    private static IEnumerable<Violation> VagueNames(SourceFile file) =>
        VagueName().Matches(file.Code).Select(m => file.At(
            m.Index, $"'{m.Groups[1].Value}'. Name the thing by the field's word for what it is: Session, Outbox, Fanout, AckWindow"));

    [GeneratedRegex(@"\bNotImplementedException\b")]
    private static partial Regex NotImplemented();

    [GeneratedRegex(@"\b(Thread\s*\.\s*Sleep|Task\s*\.\s*Delay)\s*\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\bSkip\s*=(?!=)")]
    private static partial Regex SkipInCSharp();

    [GeneratedRegex(@"\b(test|it|describe|suite)\.(skip|todo|only)\b|\{[^{}\n]*\b(skip|todo|only)\s*:\s*(?!false\b)")]
    private static partial Regex SkipInScript();

    // A balanced group in the parentheses, since filters call methods.
    [GeneratedRegex(@"\bcatch\b(\s*(when\s*)?\((?>[^()]|(?<p>\()|(?<-p>\)))*(?(p)(?!))\))*\s*\{\s*\}")]
    private static partial Regex EmptyCatchInCSharp();

    [GeneratedRegex(
        @"\bcatch\s*(\([^()]*\))?\s*\{(\s|//[^\n]*|/\*.*?\*/)*\}|\.catch\(\s*(\(\w*\)|\w+)\s*=>\s*\{\s*\}\s*\)",
        RegexOptions.Singleline)]
    private static partial Regex EmptyCatchInScript();

    [GeneratedRegex(
        @"\b(?:class|struct|interface|record(?:\s+(?:class|struct))?|enum)\s+([A-Za-z_]\w*?(?:Manager|Helpers?|Utils?|Base))\b")]
    private static partial Regex VagueName();
}
