using System.Text.Json;
using FastPush.Load.Run;

namespace FastPush.Perf.Tests;

public sealed class YamlTests
{
    [Theory]
    [InlineData("a: 1\nb: two words # comment\n", """{"a":"1","b":"two words"}""")]
    [InlineData("a:\n  b: 1\n  c:\n    d: 2\ne: 3", """{"a":{"b":"1","c":{"d":"2"}},"e":"3"}""")]
    [InlineData("a: {b: 1, 'c d': [x, \"y, z\"], e: {}}", """{"a":{"b":"1","c d":["x","y, z"],"e":{}}}""")]
    [InlineData("a:\n  - x\n  - y: 1\n    z: 2\n  - [1, 2]\n", """{"a":["x",{"y":"1","z":"2"},["1","2"]]}""")]
    [InlineData("a:\n- x\n- y\nb: 1\n", """{"a":["x","y"],"b":"1"}""")]
    [InlineData("a: \"b \\\" # c\" # d\n", """{"a":"b \" # c"}""")]
    [InlineData("a: 'it''s'\n", """{"a":"it's"}""")]
    [InlineData("# only\n\na:\n\n  # here\n  b: http://x:1/y#z\n", """{"a":{"b":"http://x:1/y#z"}}""")]
    [InlineData("a: \"{{x}} and {{y}}\"\n", """{"a":"{{x}} and {{y}}"}""")]
    [InlineData("a:\nb: 1\n", """{"a":"","b":"1"}""")]
    [InlineData("a: it's\n", """{"a":"it's"}""")]
    [InlineData("", "{}")]
    public void A_file_is_read(string text, string json) => Assert.Equal(json, Json(YamlReader.Read(text)));

    [Theory]
    [InlineData("a: 1\na: 2\n", 2)]
    [InlineData("a: {b: 1, b: 2}\n", 1)]
    [InlineData("a:\n  b: 1\n c: 2\n", 3)]
    [InlineData("a: 1\n---\nb: 1\n", 3)]
    [InlineData("? [a, b]\n: 1\n", 1)]
    [InlineData("a: [1, 2] 3\n", 1)]
    [InlineData("a: b: c\n", 1)]
    [InlineData("just text\n", 1)]
    [InlineData("- a\n- b\n", 1)]
    [InlineData("a: \"\\q\"\n", 1)]
    public void What_is_no_map_in_YAML_is_an_error_with_its_line(string text, int line) =>
        Assert.Equal(line, Assert.Throws<ScenarioFileException>(() => YamlReader.Read(text)).Line);

    [Fact]
    public void An_alias_of_nothing_is_an_error() => Assert.Throws<ScenarioFileException>(() => YamlReader.Read("a: 1\nb: *x\n"));

    [Fact]
    public void Templates_take_variables()
    {
        var variables = new Dictionary<string, string> { ["a"] = "1", ["b c"] = "two" };
        Assert.Equal("x1-two}", Template.Render("x{{a}}-{{ b c }}}", variables, 1));
        Assert.Equal("plain {a}", Template.Render("plain {a}", variables, 1));
    }

    [Theory]
    [InlineData("{{unknown}}")]
    [InlineData("{{a")]
    [InlineData("{% if a %}x{% endif %}")]
    public void A_template_that_cannot_be_filled_is_an_error(string text)
    {
        var variables = new Dictionary<string, string> { ["a"] = "1" };
        Assert.Equal(7, Assert.Throws<ScenarioFileException>(() => Template.Render(text, variables, 7)).Line);
    }

    private static string Json(YamlNode node) => node switch
    {
        YamlScalar scalar => JsonSerializer.Serialize(scalar.Text, s_plain),
        YamlList list => $"[{string.Join(',', list.Items.Select(Json))}]",
        YamlMap map => $"{{{string.Join(',', map.Entries.Select(e => JsonSerializer.Serialize(e.Key, s_plain) + ":" + Json(e.Value)))}}}",
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };

    private static readonly JsonSerializerOptions s_plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
