using FastPush.Load.Control;
using FastPush.Load.Measuring;

namespace FastPush.Load.Report;

/// <summary>
/// What a message costs that is published at one gateway and read at another. CPU is in us for each message published, commands of Redis
/// are for each delivery, less what they are without traffic.
/// </summary>
internal sealed record RelayResult(
    double MessagesPerSecond,
    long Relayed,
    double PublisherCpuUs,
    double SubscriberCpuUs,
    double RedisCpuUs,
    double RedisCommandsPerDelivery,
    double RedisCallsPerDelivery,
    double RedisCommandsPerMessage,
    double AllocatedBytesPerRelayed,
    IReadOnlyDictionary<string, double> CommandsPerMessage)
{
    // What gateways send while messages flow; all else that Redis counts then is done inside a script.
    private static readonly string[] s_calls = ["eval", "evalsha", "publish", "spublish"];

    /// <summary>Null where no relay was measured or nothing was delivered.</summary>
    public static RelayResult? From(Measured measured)
    {
        if (measured.Relay is not { } relay || measured.Traffic is not { ReceivedInWindow: > 0, SentInWindow: > 0 } traffic)
        {
            return null;
        }

        var (quiet, settled, begin, end) = relay;
        var scale = (end.At - begin.At) / (settled.At - quiet.At);
        double Less(Func<RelaySample, double> of) => Math.Max(of(end) - of(begin) - ((of(settled) - of(quiet)) * scale), 0);

        double messages = traffic.SentInWindow;
        double deliveries = traffic.ReceivedInWindow;
        var relayed = end.Relayed - begin.Relayed;
        var byName = end.CommandsByName.Keys.ToDictionary(
            name => name, name => Less(sample => sample.CommandsByName.GetValueOrDefault(name)), StringComparer.Ordinal);
        var commands = Less(sample => sample.Commands);
        return new RelayResult(
            Math.Round(messages / measured.TrafficCpu.At, 1),
            relayed,
            Round((end.PublisherCpu - begin.PublisherCpu) * 1e6 / messages),
            Round((end.SubscriberCpu - begin.SubscriberCpu) * 1e6 / messages),
            Round((end.RedisCpu - begin.RedisCpu) * 1e6 / messages),
            Round(commands / deliveries),
            Round(s_calls.Sum(name => byName.GetValueOrDefault(name)) / deliveries),
            Round(commands / messages),
            Round(Less(sample => sample.AllocatedBytes) / Math.Max(relayed, 1)),
            byName.Where(c => Round(c.Value / messages) > 0).OrderByDescending(c => c.Value)
                .ToDictionary(c => c.Key, c => Round(c.Value / messages), StringComparer.Ordinal));
    }

    private static double Round(double value) => Math.Round(value, 4);
}
