namespace FastPush.Plan.Results;

/// <summary>What was done in a run; runs with the same scenario are compared with each other.</summary>
/// <param name="Kind">idle, fanout, direct, or another name that the load tool gives.</param>
/// <param name="Rate">Messages a second in total; 0 is the closed loop of <paramref name="Window"/>.</param>
/// <param name="Window">Messages in flight in the closed loop.</param>
/// <param name="Variant">Which of several measurements of a run, such as "auto" and "client-individual"; else empty.</param>
internal sealed record Scenario(
    string Kind, int Connections, double Rate, int Window, int Size, int HeartBeatMs, bool IsTls, string Variant)
{
    public bool IsOpenLoop => Rate > 0;

    /// <summary>Name for files: lower case letters, digits and hyphens.</summary>
    public string Id => string.Concat(
        FormattableString.Invariant($"{Kind}-{Connections}{LoadId}{BeatId}{(IsTls ? "-tls" : "")}{VariantId}")
            .ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));

    public string Title => Kind switch
    {
        "fanout" => FormattableString.Invariant($"Fan-out to {Connections:N0} subscribers{LoadTitle}"),
        "direct" => FormattableString.Invariant($"Direct to {Connections:N0} users{LoadTitle}"),
        "idle" => FormattableString.Invariant($"Idle, {Connections:N0} connections"),
        _ => FormattableString.Invariant($"{char.ToUpperInvariant(Kind[0])}{Kind[1..]}, {Connections:N0} connections{LoadTitle}"),
    } + BeatTitle + (IsTls ? ", TLS" : "") + (Variant.Length > 0 ? $" ({Variant})" : "");

    private string LoadId => Rate > 0
        ? FormattableString.Invariant($"-{Rate}ps")
        : Window > 0 ? FormattableString.Invariant($"-{Window}w") : "";

    private string BeatId => HeartBeatMs > 0 ? FormattableString.Invariant($"-hb{HeartBeatMs}") : "";

    private string VariantId => Variant.Length > 0 ? "-" + Variant : "";

    /// <summary>The load as an apposition: begins with a comma; empty where there is none.</summary>
    public string LoadTitle => Rate > 0
        ? FormattableString.Invariant($", {Rate:N0} messages/s")
        : Window > 0 ? FormattableString.Invariant($", {Window} in flight") : "";

    private string BeatTitle => HeartBeatMs > 0 ? FormattableString.Invariant($", heart-beats every {HeartBeatMs / 1000.0:0.#} s") : "";
}

/// <summary>Quantiles in microseconds.</summary>
internal sealed record Latency(double? P50, double? P90, double? P99, double? P999, double? Max);

/// <summary>One measured run of one server, whichever tool measured it. What the tool does not say is null.</summary>
internal sealed record MeasuredRun
{
    private const double DeliveredShareMin = 0.97;
    private const double OthersCoresMax = 0.1;

    public required Scenario Scenario { get; init; }

    /// <summary>The server's name.</summary>
    public required string Label { get; init; }

    /// <summary>The run is there to check the model's prediction; the constants must not know it.</summary>
    public bool IsValidation { get; init; }

    /// <summary>The run is there for the model's constants alone, and in no table.</summary>
    public bool IsCalibration { get; init; }

    /// <summary>Each connection came with a token that the server verified (RS256).</summary>
    public bool HasTokens { get; init; }

    /// <summary>The measured window.</summary>
    public double? Seconds { get; init; }

    public double? Published { get; init; }

    public double? Deliveries { get; init; }

    /// <summary>Deliveries per second of server CPU.</summary>
    public double? PerCpuSecond { get; init; }

    /// <summary>Server CPU in the window.</summary>
    public double? CpuSeconds { get; init; }

    public Latency LatencyUs { get; init; } = new(null, null, null, null, null);

    /// <summary>Deliveries that one receive of a subscriber returned, on average: how far the server coalesced.</summary>
    public double? DeliveriesPerReceive { get; init; }

    /// <summary>Bytes a delivery has on the WebSocket, headers included.</summary>
    public double? WireBytes { get; init; }

    /// <summary>Memory of the server's process before the first connection (PSS).</summary>
    public double? ProcessBytes { get; init; }

    public double? BytesPerConnection { get; init; }

    /// <summary>Growth of the kernel's slab a connection: both ends, since client and server share the machine.</summary>
    public double? SlabBytesPerConnection { get; init; }

    public double? ConnectCpuUs { get; init; }

    public double? ConnectsPerSecond { get; init; }

    public double? Lost { get; init; }

    public double? Duplicated { get; init; }

    public double? OutOfOrder { get; init; }

    public double? Misrouted { get; init; }

    public double? FailedConnections { get; init; }

    /// <summary>CPU-seconds per second that neither server nor client used: above 0.1 the run is noisy.</summary>
    public double? OthersCores { get; init; }

    /// <summary>Server CPU-seconds per second.</summary>
    public double? CpuPerSecond => CpuSeconds / Seconds;

    public double? PublishesPerSecond => Published / Seconds;

    /// <summary>Less came than was due: the server is too slow for this rate, and latencies only tell for how long it was.</summary>
    public bool IsOverloaded => DeliveriesDue is { } due && Deliveries < DeliveredShareMin * due;

    /// <summary>Others used more than a tenth of a core.</summary>
    public bool IsNoisy => OthersCores > OthersCoresMax;

    public double? CpuUsPerDelivery => Deliveries > 0 ? CpuSeconds * 1e6 / Deliveries : null;

    public double? CpuUsPerPublish => Published > 0 ? CpuSeconds * 1e6 / Published : null;

    public double? CpuUsPerConnectionSecond => CpuPerSecond * 1e6 / Scenario.Connections;

    /// <summary>
    /// Deliveries in the window if the server keeps up; null in a closed loop and where messages differ in their number of receivers.
    /// </summary>
    private double? DeliveriesDue => Scenario switch
    {
        { Kind: "fanout", IsOpenLoop: true } => Scenario.Rate * Seconds * Scenario.Connections,
        { Kind: "direct", IsOpenLoop: true } => Scenario.Rate * Seconds,
        _ => null,
    };
}
