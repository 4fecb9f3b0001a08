using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FastPush.Tidy;

public sealed partial class LayeringTests
{
    /// <summary>A project may reference those before it.</summary>
    private static readonly string[] Layers = ["Protocol", "Relay", "Notifications", "Gateway"];

    [Fact]
    public void Projects_in_src_reference_one_way_only() =>
        Violation.AssertNone(SourceTree.Files
            .Where(file => file.IsUnder("src") && file.Extension == ".csproj")
            .SelectMany(UpwardReferences));

    [Fact]
    public void Protocol_does_no_io_and_reads_no_clock() => Violation.AssertNone(SourceTree.CSharp("src/Protocol").SelectMany(Impure));

    [Fact]
    public void Package_versions_stand_in_Directory_Packages_props_only() =>
        Violation.AssertNone(SourceTree.Files.Where(file => file.Extension is ".csproj" or ".props" or ".targets").SelectMany(OwnVersions));

    [Theory]
    [InlineData("src/Relay/Relay.csproj", "../Protocol/Protocol.csproj", 0)]
    [InlineData("src/Gateway/Gateway.csproj", "..\\Protocol\\Protocol.csproj", 0)]
    [InlineData("src/Protocol/Protocol.csproj", "../Relay/Relay.csproj", 1)]
    [InlineData("src/Relay/Relay.csproj", "../Gateway/Gateway.csproj", 1)]
    [InlineData("src/Relay/Relay.csproj", "../../tests/Tidy/Tidy.csproj", 1)]
    [InlineData("src/New/New.csproj", "../Protocol/Protocol.csproj", 1)]
    public void The_reference_rule_knows_the_order(string project, string reference, int found) =>
        Assert.Equal(found, UpwardReferences(new(project, $"<Project><ProjectReference Include=\"{reference}\" /></Project>")).Count());

    [Theory]
    [InlineData("using System.IO.Pipelines;")]
    [InlineData("using System.Net;")]
    [InlineData("async ValueTask M()")]
    [InlineData("Task M();")]
    [InlineData("C(ILogger<C> log)")]
    [InlineData("TimeProvider clock;")]
    [InlineData("var x = $\"{DateTimeOffset.UnixEpoch}\";")]
    [InlineData("Stopwatch.GetTimestamp()")]
    [InlineData("Environment.TickCount64")]
    public void The_purity_rule_finds(string code) => Assert.NotEmpty(Impure(new("src/Protocol/A.cs", code)));

    [Theory]
    [InlineData("using System.Security.Cryptography;")]
    [InlineData("System.Threading.Interlocked.Increment(ref x); Volatile.Read(ref y);")]
    [InlineData("// the caller's Task, a DateTime")]
    [InlineData("namespace FastPush.Protocol.WebSocket;")]
    public void The_purity_rule_leaves(string code) => Assert.Empty(Impure(new("src/Protocol/A.cs", code)));

    [Theory]
    [InlineData("src/A/A.csproj", "<PackageReference Include='x' Version='1' />", 1)]
    [InlineData("src/A/A.csproj", "<PackageReference Include='x'><VersionOverride>1</VersionOverride></PackageReference>", 1)]
    [InlineData("src/A/A.csproj", "<PackageReference Include='x' />", 0)]
    [InlineData("src/A/Directory.Packages.props", "<PackageVersion Include='x' Version='1' />", 1)]
    [InlineData("Directory.Packages.props", "<PackageVersion Include='x' Version='1' />", 0)]
    public void The_version_rule_knows_the_one_place(string path, string item, int found) =>
        Assert.Equal(found, OwnVersions(new(path, $"<Project>\n{item}</Project>")).Count());

    private static IEnumerable<Violation> UpwardReferences(SourceFile project)
    {
        var order = string.Join(" <- ", Layers);
        var own = Array.IndexOf(Layers, Path.GetFileNameWithoutExtension(project.Path));
        if (own < 0)
            yield return project.AtLine(1, $"a project outside the order {order}. Give it its place in LayeringTests.Layers");
        foreach (var (line, item) in Items(project, "ProjectReference"))
        {
            var include = (string?)item.Attribute("Include") ?? "";
            var other = Array.IndexOf(Layers, Path.GetFileNameWithoutExtension(include.Replace('\\', '/')));
            if (own >= 0 && (other < 0 || other >= own))
                yield return project.AtLine(line, $"a reference to {include} against {order}. Move the shared part down, or pass it in");
        }
    }

    private static IEnumerable<Violation> Impure(SourceFile file) => Impurity().Matches(file.Code).Select(m => file.At(
        m.Index, $"'{m.Value}' in Protocol, which is pure: pass bytes and numbers (time too) in, do the I/O in Relay or Gateway"));

    private static IEnumerable<Violation> OwnVersions(SourceFile file)
    {
        if (file.Path == "Directory.Packages.props")
            return [];
        return Items(file, "PackageReference", "PackageVersion", "GlobalPackageReference")
            .Where(i => i.Item.Attributes().Select(a => a.Name).Concat(i.Item.Elements().Select(e => e.Name))
                .Any(name => name.LocalName is "Version" or "VersionOverride"))
            .Select(i => file.AtLine(i.Line, "a package version. Name the package only; versions stand in Directory.Packages.props"));
    }

    private static IEnumerable<(int Line, XElement Item)> Items(SourceFile file, params string[] names) =>
        XDocument.Parse(file.Text, LoadOptions.SetLineInfo).Descendants()
            .Where(item => names.Contains(item.Name.LocalName))
            .Select(item => (((System.Xml.IXmlLineInfo)item).LineNumber, item));

    [GeneratedRegex(
        @"\bSystem\.(IO|Net|Threading\.Tasks)\b|\b(async|await|Task|ValueTask|Stream|File|Socket|Pipe(Reader|Writer)|Timer)\b"
        + @"|\bI?Logger\w*|\b(TimeProvider|DateTime(Offset)?|Stopwatch)\b|\bEnvironment\.TickCount")]
    private static partial Regex Impurity();
}
