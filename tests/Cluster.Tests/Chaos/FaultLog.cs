using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>What was broken, and when.</summary>
internal sealed class FaultLog(ChaosClock clock)
{
    // What was begun in an outage may end so long after it: the longest chain of time-outs and retries.
    private static readonly TimeSpan s_aftermath = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    public int Count => _faults.Count;

    /// <summary>Notes the beginning of one. Dispose of it at its end.</summary>
    /// <param name="what">For people.</param>
    /// <param name="cutOff">The gateway that cannot reach Redis meanwhile; -1 = none can; null = all can.</param>
    /// <param name="ended">The process that ends, if one does.</param>
    public Fault Begin(string what, int? cutOff = null, string? ended = null)
    {
        var fault = new Fault(what, cutOff, ended, clock.Now, clock);
        lock (_lock)
        {
            _faults.Add(fault);
        }

        return fault;
    }

    /// <summary>Some gateway could not reach Redis, or had just been so.</summary>
    public bool WasCutOff(TimeSpan from, TimeSpan to)
    {
        lock (_lock)
        {
            return _faults.Any(f => f.CutOff is not null && f.From <= to && f.Over >= from);
        }
    }

    /// <summary>A gateway's process could not reach Redis at that time, and ended before it could again for a while.</summary>
    public bool EndedCutOff(Place place, TimeSpan at)
    {
        lock (_lock)
        {
            return _faults.Any(cut => (cut.CutOff < 0 || cut.CutOff == place.Gateway) && cut.From <= at && cut.Over >= at
                && _faults.Any(end => end.Ended == place.Process && end.From >= cut.From && end.From <= cut.Over));
        }
    }

    /// <summary>What was broken between two times, as lines.</summary>
    public string Around(TimeSpan from, TimeSpan to)
    {
        lock (_lock)
        {
            var near = _faults.Where(f => f.From <= to && f.Over >= from);
            return string.Join('\n', near.Select(f => $"    fault: {f}"));
        }
    }

    internal sealed class Fault(string what, int? cutOff, string? ended, TimeSpan from, ChaosClock clock) : IDisposable
    {
        public int? CutOff => cutOff;

        public string? Ended => ended;

        public TimeSpan From => from;

        public TimeSpan To { get; private set; } = TimeSpan.MaxValue;

        /// <summary>Nothing that was begun in it is under way any more.</summary>
        public TimeSpan Over => To == TimeSpan.MaxValue ? To : To + s_aftermath;

        public void Dispose() => To = clock.Now;

        public override string ToString() => To == TimeSpan.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"{From.TotalSeconds:F3} {what}")
            : string.Create(CultureInfo.InvariantCulture, $"{From.TotalSeconds:F3} to {To.TotalSeconds:F3} {what}");
    }
}
