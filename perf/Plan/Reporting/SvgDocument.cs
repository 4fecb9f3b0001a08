using System.Globalization;
using System.Xml.Linq;

namespace FastPush.Plan.Reporting;

/// <summary>An SVG file with a title and a description for screen readers, and colours for light and dark pages.</summary>
internal sealed class SvgDocument
{
    private const string Style = """
        text { font: 13px system-ui, sans-serif; fill: #1f2328; }
        .title { font-weight: 600; font-size: 15px; }
        .quiet { fill: #59636e; font-size: 12px; }
        .axis { stroke: #d1d9e0; stroke-width: 1; }
        .range { stroke: #1f2328; stroke-width: 1.5; }
        .line { fill: none; stroke-width: 2; }
        .s0 { fill: #0969da; stroke: #0969da; } .s1 { fill: #bc4c00; stroke: #bc4c00; } .s2 { fill: #1a7f37; stroke: #1a7f37; }
        .s3 { fill: #8250df; stroke: #8250df; } .s4 { fill: #9a6700; stroke: #9a6700; } .s5 { fill: #bf3989; stroke: #bf3989; }
        .s6 { fill: #1b7c83; stroke: #1b7c83; } .s7 { fill: #59636e; stroke: #59636e; }
        .line { fill: none; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; } .quiet { fill: #9198a1; } .axis { stroke: #3d444d; } .range { stroke: #e6edf3; }
          .s0 { fill: #4493f8; stroke: #4493f8; } .s1 { fill: #f0883e; stroke: #f0883e; } .s2 { fill: #3fb950; stroke: #3fb950; }
          .s3 { fill: #ab7df8; stroke: #ab7df8; } .s4 { fill: #d29922; stroke: #d29922; } .s5 { fill: #db61a2; stroke: #db61a2; }
          .s6 { fill: #39c5cf; stroke: #39c5cf; } .s7 { fill: #9198a1; stroke: #9198a1; }
          .line { fill: none; }
        }
        """;

    private const int Series = 8;
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";
    private readonly XElement _root;

    public SvgDocument(double width, double height, string title, string description) => _root = new XElement(
        s_svg + "svg",
        new XAttribute("viewBox", $"0 0 {Text(width)} {Text(height)}"),
        new XAttribute("width", Text(width)),
        new XAttribute("height", Text(height)),
        new XAttribute("role", "img"),
        new XAttribute("aria-labelledby", "title description"),
        new XElement(s_svg + "title", new XAttribute("id", "title"), title),
        new XElement(s_svg + "desc", new XAttribute("id", "description"), description),
        new XElement(s_svg + "style", Style));

    /// <summary>The class of the n-th series' colour.</summary>
    public static string Colour(int series) => $"s{series % Series}";

    public void Write(double x, double y, string text, string @class = "", string anchor = "start") => Add(
        "text", @class, text, ("x", x), ("y", y), ("text-anchor", anchor));

    public void Line(double x1, double y1, double x2, double y2, string @class) =>
        Add("line", @class, null, ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2));

    public void Bar(double x, double y, double width, double height, string @class) =>
        Add("rect", @class, null, ("x", x), ("y", y), ("width", width), ("height", height), ("rx", 2));

    public void Dot(double x, double y, string @class) => Add("circle", @class, null, ("cx", x), ("cy", y), ("r", 3));

    public void Path(IEnumerable<(double X, double Y)> points, string @class) =>
        Add("polyline", @class, null, ("points", string.Join(' ', points.Select(p => $"{Text(p.X)},{Text(p.Y)}"))));

    public override string ToString() => _root + "\n";

    private static string Text(object value) => value is IFormattable number
        ? number.ToString("0.##", CultureInfo.InvariantCulture)
        : value.ToString() ?? "";

    private void Add(string name, string @class, string? text, params (string Name, object Value)[] attributes) => _root.Add(new XElement(
        s_svg + name,
        @class.Length > 0 ? new XAttribute("class", @class) : null,
        attributes.Select(attribute => new XAttribute(attribute.Name, Text(attribute.Value))),
        text));
}
