using System.Text.Json;
using FastPush.Load.Measuring;

namespace FastPush.Load.Control;

/// <summary>How far a worker is; one line of it every tenth of a second.</summary>
internal sealed record WorkerProgress(int Ready, int Failed, long Received);

/// <summary>All that a worker knows when asked.</summary>
internal sealed record WorkerReport
{
    public int Ready { get; init; }

    public int ConnectFailed { get; init; }

    public int Dropped { get; init; }

    public int SlowDropped { get; init; }

    /// <summary>First connect begun and last one done, ns of the monotonic clock.</summary>
    public long ConnectFrom { get; init; }

    public long ConnectUntil { get; init; }

    public long[] Handshakes { get; init; } = [0];

    public long Received { get; init; }

    public long ReceivedInWindow { get; init; }

    public long ReceivesInWindow { get; init; }

    public long BytesInWindow { get; init; }

    public long Sent { get; init; }

    public long SentInWindow { get; init; }

    public long Lost { get; init; }

    public long Duplicated { get; init; }

    public long OutOfOrder { get; init; }

    public long Misrouted { get; init; }

    public long Malformed { get; init; }

    public long Unsent { get; init; }

    public long Stalls { get; init; }

    public long PublishRefused { get; init; }

    public long HeartBeats { get; init; }

    public long[] Lag { get; init; } = [0];

    public IReadOnlyDictionary<int, long[]> Latencies { get; init; } = new Dictionary<int, long[]>();

    public string? FirstError { get; init; }

    /// <summary>One report over all workers.</summary>
    public static WorkerReport Merge(IReadOnlyList<WorkerReport> parts) => new()
    {
        Ready = parts.Sum(p => p.Ready),
        ConnectFailed = parts.Sum(p => p.ConnectFailed),
        Dropped = parts.Sum(p => p.Dropped),
        SlowDropped = parts.Sum(p => p.SlowDropped),
        ConnectFrom = parts.Where(p => p.ConnectFrom > 0).Select(p => p.ConnectFrom).DefaultIfEmpty().Min(),
        ConnectUntil = parts.Max(p => p.ConnectUntil),
        Handshakes = MergeHistograms(parts.Select(p => p.Handshakes)),
        Received = parts.Sum(p => p.Received),
        ReceivedInWindow = parts.Sum(p => p.ReceivedInWindow),
        ReceivesInWindow = parts.Sum(p => p.ReceivesInWindow),
        BytesInWindow = parts.Sum(p => p.BytesInWindow),
        Sent = parts.Sum(p => p.Sent),
        SentInWindow = parts.Sum(p => p.SentInWindow),
        Lost = parts.Sum(p => p.Lost),
        Duplicated = parts.Sum(p => p.Duplicated),
        OutOfOrder = parts.Sum(p => p.OutOfOrder),
        Misrouted = parts.Sum(p => p.Misrouted),
        Malformed = parts.Sum(p => p.Malformed),
        Unsent = parts.Sum(p => p.Unsent),
        Stalls = parts.Sum(p => p.Stalls),
        PublishRefused = parts.Sum(p => p.PublishRefused),
        HeartBeats = parts.Sum(p => p.HeartBeats),
        Lag = MergeHistograms(parts.Select(p => p.Lag)),
        Latencies = parts.SelectMany(p => p.Latencies).GroupBy(l => l.Key)
            .ToDictionary(window => window.Key, window => MergeHistograms(window.Select(l => l.Value))),
        FirstError = parts.Select(p => p.FirstError).FirstOrDefault(e => e is not null),
    };

    public string ToLine() => JsonSerializer.Serialize(this);

    public static WorkerReport FromLine(string line) =>
        JsonSerializer.Deserialize<WorkerReport>(line) ?? throw new IOException("a worker's report is empty");

    private static long[] MergeHistograms(IEnumerable<long[]> parts)
    {
        var all = new Histogram();
        foreach (var part in parts)
        {
            all.Merge(Histogram.Import(part));
        }

        return all.Export();
    }
}
