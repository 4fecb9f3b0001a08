using System.Text.RegularExpressions;

namespace FastPush.Tidy;

public sealed partial class SizeTests
{
    private const int FileLinesMax = 299;
    private const int MethodLinesMax = 70;
    private const int LineCharsMax = 140;

    [Fact]
    public void Files_in_src_stay_under_300_lines() => Violation.AssertNone(SourceTree.CSharp("src").SelectMany(LongFile));

    [Fact]
    public void Methods_in_src_stay_within_70_lines() => Violation.AssertNone(SourceTree.CSharp("src").SelectMany(LongMethods));

    [Fact]
    public void Lines_in_src_and_tests_stay_within_140_characters() =>
        Violation.AssertNone(SourceTree.Code.Where(file => file.IsUnder("src") || file.IsUnder("tests")).SelectMany(LongLines));

    [Fact]
    public void The_file_rule_counts_lines()
    {
        Assert.Empty(LongFile(new("src/A.cs", string.Concat(Enumerable.Repeat("x\n", 299)))));
        Assert.Single(LongFile(new("src/A.cs", string.Concat(Enumerable.Repeat("x\n", 300)))));
    }

    [Fact]
    public void The_line_rule_says_which_line()
    {
        var line = Assert.Single(LongLines(new("src/A.cs", new string('a', 140) + "\n" + new string('b', 141) + "\n")));
        Assert.Equal("src/A.cs:2", line.Where);
    }

    [Theory]
    [InlineData("class C<T> where T : class { [A(B = 1)] static void M(int a = 2) { if (a) {\n } } }", true)]
    [InlineData("namespace N { struct S { int P { get {\n return 1; } } } }", true)]
    [InlineData("class C { C(int a) : base(a) {\n } }", true)]
    [InlineData("class C { int[] _table = {\n }; }", false)]
    [InlineData("class C { int M(int a) => a switch {\n _ => 1 }; }", false)]
    [InlineData("enum E {\n A }", false)]
    public void The_method_rule_sees_the_bodies_of_members_only(string sample, bool found)
    {
        var longBody = sample.Replace("\n", string.Concat(Enumerable.Repeat("\n", 70)), StringComparison.Ordinal);
        var shortBody = sample.Replace("\n", string.Concat(Enumerable.Repeat("\n", 69)), StringComparison.Ordinal);
        Assert.Equal(found ? 1 : 0, LongMethods(new("src/A.cs", longBody)).Count());
        Assert.Empty(LongMethods(new("src/A.cs", shortBody)));
    }

    private static IEnumerable<Violation> LongFile(SourceFile file)
    {
        var lines = file.Text.TrimEnd('\n').Split('\n').Length;
        if (lines > FileLinesMax)
            yield return file.AtLine(FileLinesMax + 1, $"{lines} lines. One concept per file: move what has a name into its own file");
    }

    private static IEnumerable<Violation> LongLines(SourceFile file)
    {
        foreach (var (number, line) in file.Lines.Index())
        {
            if (line.TrimEnd('\r').Length > LineCharsMax)
                yield return file.AtLine(number + 1, $"{line.Length} characters. Break the line before {LineCharsMax}");
        }
    }

    /// <summary>
    /// A block straight inside a type is the body of a member. Tables are let be: initialisers, and the expression of an expression body.
    /// </summary>
    private static IEnumerable<Violation> LongMethods(SourceFile file)
    {
        var code = file.Code;
        var open = new Stack<(bool IsType, bool IsMember, int Start)>();
        var headerStart = 0;
        for (var i = 0; i < code.Length; i++)
        {
            if (code[i] == '{')
            {
                var header = WithoutParentheses(code[headerStart..i]);
                var isType = TypeHeader().IsMatch(header);
                var isMember = !isType && open.TryPeek(out var outer) && outer.IsType && !header.Contains('=', StringComparison.Ordinal);
                open.Push((isType, isMember, i));
            }
            else if (code[i] == '}' && open.TryPop(out var block) && block.IsMember)
            {
                var lines = code.AsSpan(block.Start, i - block.Start).Count('\n') + 1;
                if (lines > MethodLinesMax)
                    yield return file.At(block.Start, $"a body of {lines} lines. Make its steps methods of at most {MethodLinesMax}");
            }

            if (code[i] is '{' or '}' or ';')
                headerStart = i + 1;
        }
    }

    private static string WithoutParentheses(string header)
    {
        var depth = 0;
        return string.Concat(header.Where(c =>
        {
            depth += c is '(' or '[' ? 1 : 0;
            var keep = depth == 0;
            depth -= c is ')' or ']' ? 1 : 0;
            return keep;
        }));
    }

    [GeneratedRegex(@"\b(class|struct|interface|record|enum)\s+(?!where\b)[A-Za-z_]")]
    private static partial Regex TypeHeader();
}
