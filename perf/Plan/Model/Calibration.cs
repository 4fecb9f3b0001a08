using FastPush.Plan.Reporting;
using FastPush.Plan.Results;

namespace FastPush.Plan.Model;

/// <summary>
/// From measured runs to the model's constants. Four runs give four figures: a delivery costs send / k + message, k messages sharing a
/// send, and each message taken in costs publish, which depends on the rate:
/// <code>
/// fan-out, open loop:    CPU per message = F (send / k + message) + publish(low)
/// fan-out, closed loop:  CPU per message = F (send / K + message) + publish(its rate)
/// direct, lowest rate:   CPU per message =    send / k + message  + publish(low)
/// direct, highest rate:  CPU per message =    send / k + message  + publish(high)
/// </code>
/// </summary>
internal static class Calibration
{
    private const int Iterations = 64;
    private const string Us = "us";
    private const string Bytes = "B";

    /// <summary>All rounds of all scenarios of one server; medians are taken here.</summary>
    public static ModelConstants From(IReadOnlyList<MeasuredRun> runs)
    {
        var points = runs.Where(run => run.Scenario.Variant.Length == 0).GroupBy(run => run.Scenario)
            .Select(group => new Point(group.Key, [.. group])).ToList();
        var direct = points.Where(p => p.Scenario is { Kind: "direct", IsOpenLoop: true } && p.CpuUsPerPublish > 0)
            .OrderBy(p => p.Rate).ToList();
        var fanouts = points.Where(p => p.Scenario.Kind == "fanout" && p.CpuUsPerPublish > 0).ToList();
        var open = fanouts.Find(p => p.Scenario.IsOpenLoop);
        var closed = fanouts.Find(p => p.Scenario.Window > 0);
        var constants = Memory(points);
        return open is null || closed is null || direct.Count == 0 ? constants : WithCpu(constants, open, closed, direct[0], direct[^1]);
    }

    private static ModelConstants WithCpu(ModelConstants constants, Point open, Point closed, Point low, Point high)
    {
        double send = 0, message = 0, publishLow = 0, publishHigh = 0;
        for (var i = 0; i < Iterations; i++)
        {
            var publishClosed = CostModel.Interpolate(closed.Rate, low.Rate, publishLow, high.Rate, publishHigh);
            var openDelivery = (open.CpuUsPerPublish - publishLow) / open.FanOut;
            var closedDelivery = (closed.CpuUsPerPublish - publishClosed) / closed.FanOut;
            send = (openDelivery - closedDelivery) / ((1 / open.Coalesced) - (1 / closed.Coalesced));
            // On a noisy machine the difference of two large figures may fall below nothing.
            message = Math.Max(openDelivery - (send / open.Coalesced), 0);
            publishLow = low.CpuUsPerPublish - (send / low.Coalesced) - message;
            publishHigh = high.CpuUsPerPublish - (send / high.Coalesced) - message;
        }

        var fanout = $"{open.Scenario.Title}; {closed.Scenario.Title}";
        return constants with
        {
            Send = new Constant(send, Us, fanout),
            Message = new Constant(message, Us, fanout),
            CoalescedMax = new Constant(closed.Coalesced, "messages", closed.Scenario.Title),
            PublishLow = new Constant(publishLow, Us, low.Scenario.Title),
            PublishRateLow = new Constant(low.Rate, "1/s", low.Scenario.Title),
            PublishHigh = new Constant(publishHigh, Us, high.Scenario.Title),
            PublishRateHigh = new Constant(high.Rate, "1/s", high.Scenario.Title),
            Headers = high.Headers is { } headers ? new Constant(headers, Bytes, high.Scenario.Title) : null,
            LatencyP99 = low.LatencyP99 is { } p99 ? new Constant(p99, Us, low.Scenario.Title) : null,
        };
    }

    private static ModelConstants Memory(List<Point> points)
    {
        var idle = points.Find(p => p.Scenario is { Kind: "idle", HeartBeatMs: 0, IsTls: false });
        var beating = points.Find(p => p.Scenario is { Kind: "idle", HeartBeatMs: > 0, IsTls: false });
        if (idle is null)
        {
            return new ModelConstants();
        }

        Constant? Idle(Func<MeasuredRun, double?> figure, string unit) =>
            idle.Median(figure) is { } value ? new Constant(value, unit, idle.Scenario.Title) : null;
        var idleUs = Idle(run => run.CpuPerSecond * 1e6 / run.Scenario.Connections, "us/s");
        var beatingUs = beating?.Median(run => run.CpuPerSecond * 1e6 / run.Scenario.Connections);
        return new ModelConstants
        {
            Connect = Idle(run => run.ConnectCpuUs, Us),
            Idle = idleUs,
            HeartBeat = beating is not null && beatingUs is { } us && idleUs is not null
                ? new Constant(
                    Math.Max(us - idleUs.Value, 0) * beating.Scenario.HeartBeatMs / 1000,
                    Us,
                    $"{beating.Scenario.Title}; {idle.Scenario.Title}")
                : null,
            Process = Idle(run => run.ProcessBytes, Bytes),
            Connection = Idle(run => run.BytesPerConnection, Bytes),
            // Client and server are on one machine and each has one end.
            // The figure is the whole machine's: it may have shrunk for other reasons, and then says nothing.
            Kernel = Idle(run => run.SlabBytesPerConnection > 0 ? run.SlabBytesPerConnection / 2 : null, Bytes),
        };
    }

    /// <summary>Medians over the rounds of a scenario.</summary>
    private sealed class Point(Scenario scenario, IReadOnlyList<MeasuredRun> runs)
    {
        public Scenario Scenario => scenario;

        public double CpuUsPerPublish { get; } = Spread.Of(runs.Select(run => run.CpuUsPerPublish))?.Median ?? 0;

        public double Rate { get; } = Spread.Of(runs.Select(run => run.PublishesPerSecond))?.Median ?? 0;

        public double FanOut { get; } = Spread.Of(runs.Select(run => run.Deliveries / run.Published))?.Median ?? 0;

        /// <summary>Messages in a send: as subscribers saw it, else one in the open loop and the window in the closed one.</summary>
        public double Coalesced { get; } = Spread.Of(runs.Select(run => run.DeliveriesPerReceive))?.Median ?? Math.Max(scenario.Window, 1);

        public double? Headers { get; } = Spread.Of(runs.Select(run => run.WireBytes - run.Scenario.Size))?.Median;

        public double? LatencyP99 { get; } = Spread.Of(runs.Select(run => run.LatencyUs.P99))?.Median;

        public double? Median(Func<MeasuredRun, double?> figure) => Spread.Of(runs.Select(figure))?.Median;
    }
}
