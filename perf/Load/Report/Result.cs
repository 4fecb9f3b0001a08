using System.Text.Json;
using System.Text.Json.Serialization;
using FastPush.Load.Control;

namespace FastPush.Load.Report;

/// <summary>A result as <c>--json</c> writes it; perf/README.md says what each member means.</summary>
internal sealed record Result
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    public int Version { get; init; } = 1;

    public string Scenario { get; init; } = "";

    public string Label { get; init; } = "";

    public DateTimeOffset Started { get; init; }

    public string Commit { get; init; } = "";

    public MachineResult Machine { get; init; } = new("", 0, 0, "");

    public IReadOnlyDictionary<string, object> Parameters { get; init; } = new Dictionary<string, object>();

    public double Seconds { get; init; }

    public long Published { get; init; }

    public long Deliveries { get; init; }

    public double DeliveriesPerSecond { get; init; }

    public double? PerCpuSecond { get; init; }

    public double? DeliveriesPerReceive { get; init; }

    public double? WireBytesPerDelivery { get; init; }

    public ServerResult? Server { get; init; }

    public ClientResult Client { get; init; } = new(0, false, 0);

    public LatencyResult LatencyUs { get; init; } = new();

    public LatencyResult ScheduleLagUs { get; init; } = new();

    public FaultResult Faults { get; init; } = new();

    public ConnectResult Connect { get; init; } = new(0, 0, null, 0, 0);

    public StormResult? Storm { get; init; }

    public RelayResult? Relay { get; init; }

    public IReadOnlyList<VariantResult>? Variants { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    [JsonIgnore]
    public bool IsGood => Faults.IsNone;

    public string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";
}

internal sealed record MachineResult(string CpuModel, int Cores, long MemoryBytes, string Kernel);

/// <summary>The measured server's cost; figures of the traffic window, but memory before and after.</summary>
internal sealed record ServerResult(
    IReadOnlyList<int> Pids,
    double CpuSeconds,
    double UserCpuSeconds,
    double KernelCpuSeconds,
    double? CpuPerDeliveryUs,
    long PssBytesBefore,
    long PssBytesAfter,
    long PssBytesEnd,
    double BytesPerConnection,
    double SlabBytesPerConnection,
    double CpuPercent);

internal sealed record ClientResult(double CpuSeconds, bool Saturated, double OtherCpuSeconds);

/// <summary>Quantiles in microseconds.</summary>
internal sealed record LatencyResult
{
    public long Count { get; init; }

    public double P50 { get; init; }

    public double P90 { get; init; }

    public double P99 { get; init; }

    public double P999 { get; init; }

    public double Max { get; init; }

    /// <summary>From exported nanoseconds.</summary>
    public static LatencyResult From(long[] exported)
    {
        var histogram = Measuring.Histogram.Import(exported);
        return new LatencyResult
        {
            Count = histogram.Count,
            P50 = Us(histogram.Quantile(0.5)),
            P90 = Us(histogram.Quantile(0.9)),
            P99 = Us(histogram.Quantile(0.99)),
            P999 = Us(histogram.Quantile(0.999)),
            Max = Us(histogram.Max),
        };
    }

    private static double Us(double nanoseconds) => Math.Round(nanoseconds / 1000, 2);
}

internal sealed record FaultResult
{
    public long Lost { get; init; }

    public long Duplicated { get; init; }

    public long OutOfOrder { get; init; }

    public long Misrouted { get; init; }

    public long Malformed { get; init; }

    public long Unsent { get; init; }

    public long Stalled { get; init; }

    public long PublishRefused { get; init; }

    public long ConnectFailed { get; init; }

    public long Dropped { get; init; }

    public string? FirstError { get; init; }

    [JsonIgnore]
    public bool IsNone =>
        Lost + Duplicated + OutOfOrder + Misrouted + Malformed + Unsent + Stalled + PublishRefused + ConnectFailed + Dropped == 0;

    public static FaultResult From(WorkerReport r) => new()
    {
        Lost = r.Lost,
        Duplicated = r.Duplicated,
        OutOfOrder = r.OutOfOrder,
        Misrouted = r.Misrouted,
        Malformed = r.Malformed,
        Unsent = r.Unsent,
        Stalled = r.Stalls,
        PublishRefused = r.PublishRefused,
        ConnectFailed = r.ConnectFailed,
        Dropped = r.Dropped,
        FirstError = r.FirstError,
    };
}

internal sealed record ConnectResult(
    int Count, double RatePerSecond, double? CpuUsPerConnection, double HandshakeP50Us, double HandshakeP99Us);

/// <summary>All of <c>Count</c> dropped at once and came back; latencies are those of the subscribers that stayed.</summary>
internal sealed record StormResult(
    int Count,
    double SecondsToAllBack,
    double RatePerSecond,
    double? CpuUsPerConnection,
    double HandshakeP50Us,
    double HandshakeP99Us,
    LatencyResult OthersBeforeUs,
    LatencyResult OthersMeanwhileUs);

/// <summary>One of several measurements of a run; the result's own figures are the last one's.</summary>
internal sealed record VariantResult(
    string Name,
    long Deliveries,
    double DeliveriesPerSecond,
    double? PerCpuSecond,
    double? CpuPerDeliveryUs,
    double? DeliveriesPerReceive,
    double? WireBytesPerDelivery,
    LatencyResult LatencyUs,
    FaultResult Faults,
    long SlowReaders,
    long SlowReadersClosed,
    RelayResult? Relay);
