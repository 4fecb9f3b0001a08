using System.Text.RegularExpressions;

namespace FastPush.Tidy;

public sealed class LeakTests
{
    // Put together here so that the rules do not find themselves.
    private static readonly Regex MachinePath = new(@"(?<![\w.-])/(wo" + "rk/|tmp/w" + "t)");

    private static readonly Regex Registry = new(
        "registry[.]np" + "mjs|registry[.]ya" + "rnpkg|api[.]nu" + @"get[.]org"
        + @"|""resol" + @"ved""\s*:|regis" + @"try\s*=\s*""?http|packageSour" + "ces");

    [Fact]
    public void No_file_names_a_path_of_someones_machine() =>
        Violation.AssertNone(Texts.SelectMany(file => Find(file, MachinePath, "use a path relative to the repository, or mktemp")));

    [Fact]
    public void No_file_names_a_package_registry() =>
        Violation.AssertNone(Texts.SelectMany(file => Find(
            file, Registry, "leave the registry to the machine's own configuration; do not commit lock files")));

    [Theory]
    [InlineData("cd /wo" + "rk/main", 1)]
    [InlineData("at /tmp/w" + "t/ws/src", 1)]
    [InlineData("a /framework/x, node/wo" + "rk/x, /tmp/x", 0)]
    public void The_path_rule_finds(string text, int found) => Assert.Equal(found, Find(new("a.md", text), MachinePath, "").Count());

    [Theory]
    [InlineData("https://registry.np" + "mjs.org/ws", 1)]
    [InlineData("\"resol" + "ved\": \"x\"", 1)]
    [InlineData("regis" + "try=http://mirror", 1)]
    [InlineData("the connection registry = one node", 0)]
    public void The_registry_rule_finds(string text, int found) => Assert.Equal(found, Find(new("a.md", text), Registry, "").Count());

    private static IEnumerable<SourceFile> Texts => SourceTree.Files.Where(file => !file.IsBinary);

    private static IEnumerable<Violation> Find(SourceFile file, Regex needle, string instead) =>
        needle.Matches(file.Text).Select(m => file.At(m.Index, $"'{m.Value}': {instead}"));
}
