using FastPush.Plan.Reporting;
using FastPush.Plan.Results;

namespace FastPush.Plan.Model;

/// <summary>
/// From measured runs to the model's constants. A delivery costs send / k + message, k messages sharing a send, and each message taken in
/// costs publish; send and publish depend on the rate of messages, and are known at every rate that was measured, be it two or more.
/// Every scenario gives one equation, and the closed loop the one for message:
/// <code>
/// fan-out, open loop:    CPU per message = F (send(rate) / k + message) + publish(rate)
/// fan-out, closed loop:  CPU per message = F (send(rate) / K + message) + publish(rate)
/// direct:                CPU per message =    send(rate) / k + message  + publish(rate)
/// </code>
/// </summary>
internal static class Calibration
{
    private const int Iterations = 64;
    private const string Us = "us";
    private const string Bytes = "B";

    /// <summary>All runs of one server that the constants may know, several of each scenario.</summary>
    public static ModelConstants From(IReadOnlyList<MeasuredRun> runs)
    {
        var points = runs.Where(run => run.Scenario is { Variant.Length: 0, IsTls: false }).GroupBy(run => run.Scenario)
            .Select(group => new Point(group.Key, [.. group])).ToList();
        var direct = points.Where(p => p.Scenario is { Kind: "direct", IsOpenLoop: true } && p.CpuUsPerPublish > 0)
            .OrderBy(p => p.Rate).ToList();
        var fanouts = points.Where(p => p.Scenario.Kind == "fanout" && p.CpuUsPerPublish > 0).OrderBy(p => p.Rate).ToList();
        var open = fanouts.Where(p => p.Scenario.IsOpenLoop).ToList();
        var closed = fanouts.Where(p => p.Scenario.Window > 0).MinBy(p => p.Scenario.Connections);
        var constants = Memory(points);
        return open.Count == 0 || closed is null || direct.Count == 0 ? constants : WithCpu(constants, open, closed, direct);
    }

    private static ModelConstants WithCpu(
        ModelConstants constants, IReadOnlyList<Point> open, Point closed, List<Point> direct)
    {
        double message = 0;
        IReadOnlyList<RatedConstant> asleep = [.. open.Select(p => p.Rated(p.CpuUsPerPublish / p.FanOut))];
        var sends = asleep;
        IReadOnlyList<RatedConstant> publishes = [.. direct.Select(p => p.Rated(0))];
        for (var i = 0; i < Iterations; i++)
        {
            var (lastSends, lastPublishes, lastMessage) = (sends, publishes, message);
            double Send(Point p) => RateCurve.At(lastSends, p.Rate, "sends");
            double Delivery(Point p) => (p.CpuUsPerPublish - RateCurve.At(lastPublishes, p.Rate, "publishes")) / p.FanOut;
            var busy = Math.Max(Delivery(closed), 0);
            var left = busy - (RateCurve.At(asleep, closed.Rate, "sends") / closed.Coalesced);
            asleep = [.. open.Select(p => p.Rated((Delivery(p) - lastMessage) * p.Coalesced))];
            publishes = [.. direct.Select(p => p.Rated(p.CpuUsPerPublish - (Send(p) / p.Coalesced) - lastMessage))];
            // A busy core sends cheaper than one that slept: when sends leave nothing for the message, they have a cost of their own.
            sends = left < 0 ? [.. asleep, closed.Rated(busy * closed.Coalesced)] : asleep;
            message = Math.Max(left, 0);
        }

        // A slow run for the constants alone has too few messages for a 99th percentile.
        var (low, high) = (direct.Find(p => !p.IsCalibration) ?? direct[0], direct[^1]);
        return constants with
        {
            Sends = sends,
            Message = new Constant(message, Us, closed.Scenario.Title),
            CoalescedMax = new Constant(closed.Coalesced, "messages", closed.Scenario.Title),
            Publishes = publishes,
            Headers = high.Headers is { } headers ? new Constant(headers, Bytes, high.Scenario.Title) : null,
            LatencyP99 = low.LatencyP99 is { } p99 ? new Constant(p99, Us, low.Scenario.Title) : null,
        };
    }

    private static ModelConstants Memory(List<Point> points)
    {
        var idle = points.Find(p => p.Scenario is { Kind: "idle", HeartBeatMs: 0 });
        var beating = points.Find(p => p.Scenario is { Kind: "idle", HeartBeatMs: > 0 });
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

    /// <summary>A scenario over all its runs: CPU in total, other figures as medians.</summary>
    private sealed class Point(Scenario scenario, IReadOnlyList<MeasuredRun> runs)
    {
        private readonly Pool _pool = Pool.Of(runs);

        public Scenario Scenario => scenario;

        public bool IsCalibration { get; } = runs.All(run => run.IsCalibration);

        public double CpuUsPerPublish => _pool.CpuUsPerPublish ?? 0;

        public double Rate => _pool.PublishesPerSecond ?? 0;

        public double FanOut => _pool.FanOut ?? 0;

        /// <summary>Messages in a send: as subscribers saw it, else one in the open loop and the window in the closed one.</summary>
        public double Coalesced { get; } = Spread.Of(runs.Select(run => run.DeliveriesPerReceive))?.Median ?? Math.Max(scenario.Window, 1);

        public double? Headers { get; } = Spread.Of(runs.Select(run => run.WireBytes - run.Scenario.Size))?.Median;

        public double? LatencyP99 { get; } = Spread.Of(runs.Select(run => run.LatencyUs.P99))?.Median;

        public double? Median(Func<MeasuredRun, double?> figure) => Spread.Of(runs.Select(figure))?.Median;

        public RatedConstant Rated(double us) => new(Rate, us, Us, scenario.Title);
    }
}
