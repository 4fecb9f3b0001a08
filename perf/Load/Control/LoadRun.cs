using System.Globalization;
using FastPush.Load.Engine;
using FastPush.Load.Measuring;

namespace FastPush.Load.Control;

/// <summary>What one variant of a scenario gave.</summary>
internal sealed record Measured(
    LoadOptions Options,
    IReadOnlyList<int> ServerPids,
    WorkerReport Connect,
    WorkerReport Traffic,
    WorkerReport End,
    CpuSample ConnectCpu,
    CpuSample TrafficCpu,
    MemorySample Before,
    MemorySample Connected,
    MemorySample After,
    StormTimes? Storm,
    RelayTimes? Relay = null);

/// <summary>Both ends of a time without traffic, and of the measured window.</summary>
internal sealed record RelayTimes(RelaySample Quiet, RelaySample Settled, RelaySample Begin, RelaySample End);

/// <summary>How the others fared: latencies with all connected, and while the dropped ones came back.</summary>
internal sealed record StormTimes(
    int Connections, double SecondsToAllBack, long[] Handshakes, long[] Calm, long[] Meanwhile, double ServerCpuSeconds);

/// <summary>Drives the worker processes through connecting, traffic, drain and, when the scenario has it, the storm.</summary>
internal sealed class LoadRun : IDisposable
{
    private const int MainWindow = 0;
    private const int CalmWindow = 1;
    private const int StormWindow = 2;
    private const int AfterWindow = 3;
    private const double LeadSeconds = 0.05;
    private const double QuietPart = 0.3; // Of the longest drain: when so long nothing came, nothing more will.
    private const double CalmSeconds = 2;
    private const double ResumeSeconds = 1;

    private readonly LoadOptions _options;
    private readonly ProgressLine _progress;
    private readonly MachineProbe _probe;
    private readonly RelayProbe? _relay;
    private (RelaySample Begin, RelaySample End)? _relayed;
    private readonly MemorySample _before;
    private readonly WorkerProcess[] _workers;

    public LoadRun(LoadOptions options, IReadOnlyList<string> arguments, ProgressLine progress)
    {
        _options = options;
        _progress = progress;
        var servers = options.ServerPids
            ?? Listeners.Find([.. Gateways(options).Where(t => t.IsLoopback).Select(t => (int)t.Port)]);
        _relay = options.Redis is { } redis ? new RelayProbe(options.PublishTarget!, options.Targets[0], redis) : null;
        _probe = new MachineProbe(servers, () => [.. _workers!.Select(w => w.Id)]);
        _before = _probe.Memory();
        _workers = [.. Enumerable.Range(0, options.ProcessCount).Select(i => new WorkerProcess(i, arguments))];
        _progress.Watch(_workers);
    }

    private IEnumerable<WorkerProcess> Mains => _workers.Take(_options.Processes);

    private IEnumerable<WorkerProcess> Observers => _workers.Skip(_options.Processes);

    private static IEnumerable<Target> Gateways(LoadOptions options) =>
        options.PublishTarget is { } target ? options.Targets.Append(target) : options.Targets;

    public async Task<Measured> RunAsync()
    {
        if (_relay is not null)
        {
            await _relay.WaitUntilReadyAsync();
        }

        _progress.Phase("connecting");
        var cpu0 = _probe.Cpu();
        await AskAllAsync("connect", "connected");
        var cpu1 = _probe.Cpu();
        var connect = await ReportAsync(_workers);
        _progress.Phase("settling");
        var quiet = await RelaySampleAsync();
        await PauseAsync(_options.SettleSeconds);
        var settled = await RelaySampleAsync();
        var connected = _probe.Memory();

        // Those who are to watch the storm are quiet until then.
        var trafficCpu = await TrafficAsync(
            MainWindow, [.. Mains], _options.WarmupSeconds, _options.DurationSeconds, _options.Rate, "measuring");
        var traffic = await ReportAsync(_workers);
        var after = _probe.Memory();
        StormTimes? storm = null;
        if (_options.Observers > 0)
        {
            storm = await StormAsync();
            if (_options.HasTraffic)
            {
                await TrafficAsync(AfterWindow, [.. Mains], 0, CalmSeconds, _options.Rate, "checking");
            }
        }

        if (_options.SlowEvery > 0)
        {
            Array.ForEach(_workers, worker => worker.Tell("resume"));
            await PauseAsync(ResumeSeconds);
        }

        var end = await ReportAsync(_workers);
        return new Measured(
            _options, _probe.Servers, connect, traffic, end, cpu1 - cpu0, trafficCpu, _before, connected, after, storm)
        {
            Relay = _relayed is var (from, until) && quiet is not null && settled is not null
                ? new RelayTimes(quiet, settled, from, until)
                : null,
        };
    }

    public void Dispose()
    {
        _progress.Watch([]);
        _relay?.Dispose();
        foreach (var worker in _workers)
        {
            worker.Dispose();
        }
    }

    /// <summary>Traffic, then drain: all that was sent has come when this ends, or is lost.</summary>
    private async Task<CpuSample> TrafficAsync(
        int window, IReadOnlyList<WorkerProcess> workers, double warmup, double seconds, double rate, string phase)
    {
        var begin = MonotonicClock.Now + MonotonicClock.FromSeconds(LeadSeconds);
        var from = begin + MonotonicClock.FromSeconds(warmup);
        var before = from + MonotonicClock.FromSeconds(seconds);
        Run(workers, window, begin, from, before, rate);
        _progress.Phase(window == MainWindow ? "warming up" : phase);
        await PauseUntilAsync(from);
        var cpu0 = _probe.Cpu();
        var relay0 = await RelaySampleAsync();
        _progress.Phase(phase);
        await PauseUntilAsync(before);
        var cpu1 = _probe.Cpu();
        var relay1 = await RelaySampleAsync();
        _relayed = relay0 is null || relay1 is null ? null : (relay0, relay1);
        await DrainAsync(workers);
        return cpu1 - cpu0;
    }

    private static void Run(IEnumerable<WorkerProcess> workers, int window, long begin, long from, long before, double rate)
    {
        var command = string.Create(CultureInfo.InvariantCulture, $"run {window} {begin} {from} {before} {rate}");
        foreach (var worker in workers)
        {
            worker.Tell(command);
        }
    }

    private async Task DrainAsync(IReadOnlyList<WorkerProcess> workers)
    {
        _progress.Phase("draining");
        var stopped = await Task.WhenAll(workers.Select(w => w.AskAsync("stop", "stopped")));
        foreach (var worker in workers)
        {
            worker.Tell("expect " + stopped[0]);
        }

        var began = MonotonicClock.Now;
        var (last, lastAt) = (-1L, began);
        while (MonotonicClock.Now - began < MonotonicClock.FromSeconds(_options.DrainSeconds))
        {
            var states = await Task.WhenAll(workers.Select(w => w.AskAsync("lost", "lost")));
            var numbers = states.Select(s => Array.ConvertAll(s.Split(' '), n => long.Parse(n, CultureInfo.InvariantCulture))).ToList();
            var received = numbers.Sum(n => n[1]);
            if (numbers.Sum(n => n[0]) == 0)
            {
                return;
            }

            if (received != last)
            {
                (last, lastAt) = (received, MonotonicClock.Now);
            }
            else if (MonotonicClock.Now - lastAt > MonotonicClock.FromSeconds(QuietPart * _options.DrainSeconds))
            {
                return;
            }

            await PauseAsync(0.05);
        }
    }

    private async Task<StormTimes> StormAsync()
    {
        WorkerProcess[] observers = [.. Observers];
        await TrafficAsync(CalmWindow, observers, 0.5, CalmSeconds, _options.ObserverRate, "observing");
        var now = MonotonicClock.Now;
        Run(observers, StormWindow, now, now, now + MonotonicClock.FromSeconds(_options.ConnectTimeoutSeconds * 4), _options.ObserverRate);
        _progress.Phase("storm");
        var cpu0 = _probe.Cpu();
        await Task.WhenAll(Mains.Select(w => w.AskAsync("storm", "connected")));
        var seconds = (MonotonicClock.Now - now) / 1e9;
        var cpu1 = _probe.Cpu();
        await DrainAsync(observers);
        var back = await ReportAsync(Mains);
        var others = await ReportAsync(observers);
        return new StormTimes(
            back.Ready, seconds, back.Handshakes, others.Latencies[CalmWindow], others.Latencies[StormWindow], (cpu1 - cpu0).Servers);
    }

    private async Task<WorkerReport> ReportAsync(IEnumerable<WorkerProcess> workers)
    {
        var lines = await Task.WhenAll(workers.Select(w => w.AskAsync("report", "report")));
        return WorkerReport.Merge([.. lines.Select(WorkerReport.FromLine)]);
    }

    private Task<string[]> AskAllAsync(string command, string answer) => Task.WhenAll(_workers.Select(w => w.AskAsync(command, answer)));

    private async Task<RelaySample?> RelaySampleAsync() => _relay is null ? null : await _relay.SampleAsync();

    private static Task PauseAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds));

    private static async Task PauseUntilAsync(long time)
    {
        var left = time - MonotonicClock.Now;
        if (left > 0)
        {
            await Task.Delay(TimeSpan.FromMicroseconds(left / 1000.0));
        }
    }
}
