using System.Text;

namespace FastPush.Plan.Reporting;

/// <summary>A report in short, for a README: the servers beside each other, and the targets.</summary>
internal static class ReportSummary
{
    public const string Begin = "<!-- fastpush summary: begin -->";
    public const string End = "<!-- fastpush summary: end -->";

    /// <param name="link">Path of the report's Markdown, as the README has to name it.</param>
    public static string Write(ReportDocument report, string link)
    {
        var text = new StringBuilder();
        text.Append($"Measured on {report.Date}, commit {report.Commit}, {report.Machine.CpuModel ?? "unknown CPU"}, ");
        text.Append($"{report.Machine.Cores?.ToString() ?? Figure.Unknown} cores: [{link}]({link}).\n");
        if (ServerComparison.Table(report) is { Length: > 0 } table)
        {
            text.Append($"Deliveries per second of server CPU against `{report.Reference}` in the same round; ");
            text.Append($"medians, (minimum–maximum).\n\n{table}");
        }

        var targets = new MarkdownTable("Target", "Limit", "Measured", "Verdict");
        foreach (var target in report.Targets)
        {
            targets.Add(target.Name, target.Limit(target.Must), target.Shown, target.Verdict);
        }

        return text.Append($"\n{targets}").ToString();
    }

    /// <summary>The README with the summary in the place of what is between the two marks.</summary>
    /// <exception cref="InputException">The marks are not there.</exception>
    public static string Insert(string readme, string summary)
    {
        var begin = readme.IndexOf(Begin, StringComparison.Ordinal);
        var end = readme.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? $"{readme[..(begin + Begin.Length)]}\n{summary}{readme[end..]}"
            : throw new InputException($"the file has no line '{Begin}' with a line '{End}' after it");
    }
}
