using FastPush.Plan.Reporting;

namespace FastPush.Plan.Model;

/// <summary>What a server process has to do.</summary>
/// <param name="FanOut">Connections that one message goes to.</param>
internal sealed record Load(
    double Connections, double ConnectsPerSecond, double PublishesPerSecond, double FanOut, double HeartBeatsPerSecond);

/// <summary>CPU-seconds per second, by what they are spent on.</summary>
internal sealed record CpuUse(double Connects, double Deliveries, double Publishes, double Idle, double HeartBeats)
{
    public double Total => Connects + Deliveries + Publishes + Idle + HeartBeats;
}

/// <summary>
/// The linear model:
/// CPU = connects × connect + deliveries × delivery + messages × publish + connections × idle + heart-beats × heartBeat.
/// publish and the send of a delivery depend on the rate of messages (<see cref="RateCurve"/>), and a delivery on how many share a send.
/// </summary>
internal sealed class CostModel(ModelConstants constants)
{
    private const int Iterations = 200;
    private readonly double _message = ModelConstants.Require(constants.Message);
    private readonly double _coalescedMax = ModelConstants.Require(constants.CoalescedMax);

    /// <summary>CPU of taking in one message in us, when so many a second come in.</summary>
    public double PublishUs(double rate) => RateCurve.At(constants.Publishes, rate, "publishes");

    /// <summary>CPU of one delivery in us, when so many messages a second come in and a send holds so many.</summary>
    public double DeliveryUs(double rate, double coalesced) => (RateCurve.At(constants.Sends, rate, "sends") / coalesced) + _message;

    /// <summary>
    /// Messages in a send. While the loop works through one round of messages (C seconds), a = rate × C more arrive at random; the next
    /// round takes them all, and waits for one if there are none: it has a + exp(-a). A connection gets one of them for sure and
    /// its share of the others.
    /// </summary>
    public double Coalesced(double publishesPerSecond, double fanOut, double connections)
    {
        var share = Math.Min(fanOut / connections, 1);
        double round = 1, coalesced = 1;
        for (var i = 0; i < Iterations; i++)
        {
            var seconds = round * (PublishUs(publishesPerSecond) + (fanOut * DeliveryUs(publishesPerSecond, coalesced))) / 1e6;
            var arrivals = publishesPerSecond * seconds;
            round = Math.Min(arrivals + Math.Exp(-arrivals), Math.Max(_coalescedMax, 1));
            coalesced = 1 + ((round - 1) * share);
        }

        return coalesced;
    }

    /// <exception cref="InputException">The load has a part that the report has not measured.</exception>
    public CpuUse Cpu(Load load, double coalesced) => new(
        Part(load.ConnectsPerSecond, () => ModelConstants.Require(constants.Connect)),
        load.PublishesPerSecond * load.FanOut * DeliveryUs(load.PublishesPerSecond, coalesced) / 1e6,
        load.PublishesPerSecond * PublishUs(load.PublishesPerSecond) / 1e6,
        Part(load.Connections, () => constants.Idle?.Value ?? 0),
        Part(load.HeartBeatsPerSecond, () => ModelConstants.Require(constants.HeartBeat)));

    /// <summary>CPU-seconds per second for a measured run, without looking at what was measured.</summary>
    public double PredictRun(ValidationRun run) => Cpu(
        new Load(run.Connections, 0, run.PublishesPerSecond, run.FanOut, 0),
        Coalesced(run.PublishesPerSecond, run.FanOut, run.Connections)).Total;

    private static double Part(double amount, Func<double> us) => amount > 0 ? amount * us() / 1e6 : 0;
}
