namespace FastPush.Plan.Reporting;

/// <summary>Numbers as the tables and diagrams show them: three or four digits that count, a dash for what is not known.</summary>
internal static class Figure
{
    public const string Unknown = "–";
    private const double Thousand = 1000;
    private const double Hundred = 100;
    private const double Ten = 10;

    public static string Of(double? value) => value is not { } v
        ? Unknown
        : Math.Abs(v) switch
        {
            >= Thousand => FormattableString.Invariant($"{v:N0}"),
            >= Hundred => FormattableString.Invariant($"{v:0}"),
            >= Ten => FormattableString.Invariant($"{v:0.0}"),
            _ => FormattableString.Invariant($"{v:0.00}"),
        };

    public static string Of(Spread? spread) => Of(spread?.Median);

    /// <summary>Median, and minimum to maximum where they differ.</summary>
    public static string WithRange(Spread? spread) => spread is null || spread.Min == spread.Max
        ? Of(spread)
        : $"{Of(spread)} ({Of(spread.Min)}–{Of(spread.Max)})";

    /// <summary>As <see cref="WithRange"/>, with the sign of a ratio.</summary>
    public static string Ratio(Spread? spread) => spread is null ? Unknown : WithRange(spread) + " ×";
}
