using System.Text.Json.Serialization;

namespace FastPush.Plan.Reporting;

/// <summary>A target and what was measured of it.</summary>
/// <param name="IsAtMost">The measured figure must not be above the limits; else not below.</param>
/// <param name="Measured">The median; null when the runs do not say.</param>
/// <param name="IsNoisy">Others used the machine in one of the rounds, or equal runs differ by more than the target allows.</param>
/// <param name="Rounds">The figure of each round; null in reports that did not say.</param>
/// <param name="Control">Where two runs of one server are compared: what comes out where it should not matter.</param>
internal sealed record TargetVerdict(
    string Name,
    string Unit,
    bool IsAtMost,
    double Must,
    double Goal,
    double? Measured,
    bool IsNoisy,
    IReadOnlyList<double>? Rounds = null,
    Control? Control = null)
{
    public string Verdict => Measured is { } value ? Judge(value) + (IsNoisy ? " (noisy)" : "") : "not measured";

    /// <summary>The figure with its unit; a dash when it was not measured.</summary>
    [JsonIgnore]
    public string Shown => Measured is not { } value ? Figure.Unknown
        : $"{Figure.Of(value)} {Unit}" + (Control is { } control ? $" ({control.Of}: {Figure.Of(control.Value)} {Unit})" : "");

    public string Limit(double value) => $"{(IsAtMost ? "≤" : "≥")} {Figure.Of(value)} {Unit}";

    private string Judge(double value) =>
        Reaches(value, Goal) ? "reached" : Reaches(value, Must) ? "reached, goal missed" : "missed";

    private bool Reaches(double value, double limit) => IsAtMost ? value <= limit : value >= limit;
}

/// <summary>A figure to judge another by: the same ratio of the reference server, or of two runs that differ in nothing.</summary>
internal sealed record Control(string Of, double Value);
