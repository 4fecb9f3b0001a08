using FastPush.Plan.Results;

namespace FastPush.Plan.Model;

/// <summary>
/// The runs of a scenario taken as one long run. CPU-seconds add up, so that a load planned for needs what runs need on average: on a
/// machine that is faster and slower by turns a median jumps between the two, and the mean does not.
/// </summary>
internal sealed class Pool
{
    private readonly double _seconds;
    private readonly double _published;
    private readonly double _deliveries;
    private readonly double _cpuSeconds;

    private Pool(IReadOnlyList<MeasuredRun> runs)
    {
        Runs = runs;
        _seconds = runs.Sum(run => run.Seconds ?? 0);
        _published = runs.Sum(run => run.Published ?? 0);
        _deliveries = runs.Sum(run => run.Deliveries ?? 0);
        _cpuSeconds = runs.Sum(run => run.CpuSeconds ?? 0);
    }

    /// <summary>The runs that count.</summary>
    public IReadOnlyList<MeasuredRun> Runs { get; }

    public double? PublishesPerSecond => _seconds > 0 ? _published / _seconds : null;

    public double? CpuPerSecond => _seconds > 0 ? _cpuSeconds / _seconds : null;

    public double? CpuUsPerPublish => _published > 0 ? _cpuSeconds * 1e6 / _published : null;

    public double? FanOut => _published > 0 ? _deliveries / _published : null;

    /// <summary>Only runs that say how long they were and what CPU they took; noisy ones only if there are no others.</summary>
    public static Pool Of(IReadOnlyList<MeasuredRun> runs)
    {
        var complete = runs.Where(run => run is { Seconds: > 0, CpuSeconds: not null }).ToList();
        var quiet = complete.FindAll(run => !run.IsNoisy);
        return new Pool(quiet.Count > 0 ? quiet : complete);
    }
}
