using System.Diagnostics.Metrics;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Telemetry;

/// <summary>
/// The gateway's figures. Plain counters, so that the hot path pays an interlocked add per batch; the meter <c>FastPush</c> and the
/// Prometheus page both read them. Tags are enumerations, so their number is bounded.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly long[] _failed = new long[Enum.GetValues<FailureKind>().Length];
    private readonly long[] _closed = new long[Enum.GetValues<CloseReason>().Length];
    private readonly long[] _opened = new long[Enum.GetValues<WireFormat>().Length];
    private readonly long[] _active = new long[Enum.GetValues<WireFormat>().Length];
    private long _published;
    private long _delivered;
    private long _acked;
    private long _redelivered;
    private long _engineStalls;
    private long _gaps;

    public GatewayMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("FastPush");
        _meter.CreateObservableUpDownCounter("push.connections.active", () => ConnectionsActive, "{connection}", "Open sessions");
        _meter.CreateObservableCounter("push.messages.published", () => MessagesPublished, "{message}", "Messages accepted");
        _meter.CreateObservableCounter("push.messages.delivered", () => MessagesDelivered, "{delivery}", "Deliveries sent");
        _meter.CreateObservableCounter("push.messages.acked", () => MessagesAcked, "{delivery}", "Deliveries acknowledged");
        _meter.CreateObservableCounter("push.messages.redelivered", () => MessagesRedelivered, "{delivery}", "Deliveries repeated");
        _meter.CreateObservableCounter(
            "push.messages.failed",
            () => Enum.GetValues<FailureKind>()
                .Select(k => new Measurement<long>(FailedBy(k), new KeyValuePair<string, object?>("reason", Name(k)))),
            "{message}",
            "Messages given up");
    }

    public RelayCounters Relay { get; } = new();

    public LatencyHistogram DeliveryLatency { get; } = new();

    public long ConnectionsActive => _active.Sum();

    public long MessagesPublished => Volatile.Read(ref _published);

    public long MessagesDelivered => Volatile.Read(ref _delivered);

    public long MessagesAcked => Volatile.Read(ref _acked);

    public long MessagesRedelivered => Volatile.Read(ref _redelivered);

    /// <summary>Read batches that held their thread longer than they may.</summary>
    public long EngineStalls => Volatile.Read(ref _engineStalls);

    /// <summary>Resumes that were told that something before what is kept is gone.</summary>
    public long Gaps => Volatile.Read(ref _gaps);

    public void Gap() => Interlocked.Increment(ref _gaps);

    public long MessagesFailed => _failed.Sum();

    public static string Name(FailureKind kind) => kind switch
    {
        FailureKind.Unacknowledged => "unacknowledged",
        FailureKind.Overflow => "overflow",
        FailureKind.OfflineFull => "offline-full",
        FailureKind.Expired => "expired",
        _ => "refused",
    };

    public static string Name(WireFormat format) => format == WireFormat.ServerSentEvents ? "sse" : "stomp";

    public long FailedBy(FailureKind kind) => Volatile.Read(ref _failed[(int)kind]);

    public long ClosedBy(CloseReason reason) => Volatile.Read(ref _closed[(int)reason]);

    public long ActiveOf(WireFormat format) => Volatile.Read(ref _active[(int)format]);

    public void SessionOpened(WireFormat format)
    {
        Interlocked.Increment(ref _opened[(int)format]);
        Interlocked.Increment(ref _active[(int)format]);
    }

    /// <summary>A session ended; <paramref name="wasOpen"/> says whether it was counted as active.</summary>
    public void SessionClosed(WireFormat format, CloseReason reason, bool wasOpen)
    {
        Interlocked.Increment(ref _closed[(int)reason]);
        if (wasOpen)
        {
            Interlocked.Decrement(ref _active[(int)format]);
        }
    }

    public void Published() => Interlocked.Increment(ref _published);

    public void Delivered(long count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _delivered, count);
        }
    }

    public void Acked(int deliveries) => Interlocked.Add(ref _acked, deliveries);

    public void Redelivered() => Interlocked.Increment(ref _redelivered);

    public void EngineStalled() => Interlocked.Increment(ref _engineStalls);

    public void Failed(FailureKind kind, int count = 1) => Interlocked.Add(ref _failed[(int)kind], count);

    /// <summary>Counts <paramref name="deliveries"/> of a message at the time from its acceptance to a reading of the clock.</summary>
    public void Latency(Payload payload, long deliveries, Clock clock, long nowTicks)
    {
        if (payload.AcceptedTicks != 0)
        {
            DeliveryLatency.Record(clock.SecondsBetween(payload.AcceptedTicks, nowTicks), deliveries);
        }
    }

    public void Dispose() => _meter.Dispose();
}
