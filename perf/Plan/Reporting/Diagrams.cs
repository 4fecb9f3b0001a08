namespace FastPush.Plan.Reporting;

/// <summary>The report's diagrams: bars of one figure by server, and latency percentiles by server.</summary>
internal static class Diagrams
{
    private const double Width = 720;
    private const double Left = 110;
    private const double Top = 56;
    private const double RowHeight = 30;
    private const double BarHeight = 18;
    private const double ValueRoom = 190;
    private const double LinesHeight = 320;
    private const double LinesBottom = 40;
    private const double LegendRoom = 120;
    private const double LabelBaseline = 14;

    /// <summary>One bar a server, as long as its median, with a line from minimum to maximum.</summary>
    public static string Bars(string title, string unit, IReadOnlyList<(string Label, Spread Value)> rows)
    {
        var described = string.Join("; ", rows.Select(row => $"{row.Label} {Figure.WithRange(row.Value)}"));
        var svg = new SvgDocument(Width, Top + (rows.Count * RowHeight) + LabelBaseline, $"{title}: {unit}", described);
        svg.Write(0, 20, title, "title");
        svg.Write(0, 40, $"{unit}; median, minimum to maximum", "quiet");
        var scale = (Width - Left - ValueRoom) / Math.Max(rows.Max(row => row.Value.Max), double.Epsilon);
        foreach (var (index, (label, value)) in rows.Index())
        {
            var y = Top + (index * RowHeight);
            var middle = y + (BarHeight / 2);
            svg.Write(Left - 8, y + LabelBaseline, label, anchor: "end");
            svg.Bar(Left, y, value.Median * scale, BarHeight, SvgDocument.Colour(index));
            if (value.Max > value.Min)
            {
                svg.Line(Left + (value.Min * scale), middle, Left + (value.Max * scale), middle, "range");
            }

            svg.Write(Left + (value.Max * scale) + 8, y + LabelBaseline, Figure.WithRange(value));
        }

        svg.Line(Left, Top - 4, Left, Top + (rows.Count * RowHeight) - 8, "axis");
        return svg.ToString();
    }

    /// <summary>One line a server over the percentiles, microseconds on a logarithmic axis.</summary>
    public static string Latencies(string title, IReadOnlyList<ServerFigures> servers)
    {
        string[] names = ["p50", "p90", "p99", "p99.9", "max"];
        var lines = servers.Where(HasLatencies).Select(server => (server.Label, Points: Percentiles(server))).ToList();
        var described = string.Join("; ", lines.Select(line =>
            $"{line.Label} " + string.Join(", ", names.Zip(line.Points, (name, value) => $"{name} {Figure.Of(value)} us"))));
        var svg = new SvgDocument(Width, LinesHeight, $"{title}: latency percentiles", described);
        svg.Write(0, 20, title, "title");
        svg.Write(0, 40, "Latency in microseconds, logarithmic; median of the rounds", "quiet");
        var low = Math.Floor(Math.Log10(lines.Min(line => line.Points.Min())));
        var high = Math.Max(Math.Ceiling(Math.Log10(lines.Max(line => line.Points.Max()))), low + 1);
        var right = Width - LegendRoom;
        double X(int index) => Left + ((right - Left) * index / (names.Length - 1));
        const double Bottom = LinesHeight - LinesBottom;
        double Y(double value) => Bottom - ((Bottom - Top) * (Math.Log10(value) - low) / (high - low));
        for (var decade = low; decade <= high; decade++)
        {
            var y = Y(Math.Pow(10, decade));
            svg.Line(Left, y, right, y, "axis");
            svg.Write(Left - 8, y + 4, FormattableString.Invariant($"{Math.Pow(10, decade):N0}"), "quiet", "end");
        }

        foreach (var (index, name) in names.Index())
        {
            svg.Write(X(index), LinesHeight - LinesBottom + 20, name, "quiet", "middle");
        }

        var labels = Apart([.. lines.Select(line => Y(line.Points[^1]) + 4)]);
        foreach (var (series, (label, points)) in lines.Index())
        {
            var colour = SvgDocument.Colour(series);
            svg.Path(points.Select((value, index) => (X(index), Y(value))), colour + " line");
            foreach (var (index, value) in points.Index())
            {
                svg.Dot(X(index), Y(value), colour);
            }

            svg.Write(right + 10, labels[series], label);
        }

        return svg.ToString();
    }

    public static bool HasLatencies(ServerFigures server) => Percentiles(server).All(value => value > 0);

    private static double[] Percentiles(ServerFigures s) =>
        [.. new[] { s.LatencyP50Us, s.LatencyP90Us, s.LatencyP99Us, s.LatencyP999Us, s.LatencyMaxUs }.Select(p => p?.Median ?? 0)];

    /// <summary>Moves texts down until none covers another.</summary>
    private static double[] Apart(double[] baselines)
    {
        const double LineHeight = 15;
        var last = double.NegativeInfinity;
        foreach (var index in Enumerable.Range(0, baselines.Length).OrderBy(i => baselines[i]).ToList())
        {
            last = baselines[index] = Math.Max(baselines[index], last + LineHeight);
        }

        return baselines;
    }
}
