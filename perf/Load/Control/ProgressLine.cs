using System.Globalization;

namespace FastPush.Load.Control;

/// <summary>A line on standard error every second: what is going on, and how fast.</summary>
internal sealed class ProgressLine : IDisposable
{
    private readonly Timer _timer;
    private readonly TextWriter _output;
    private volatile IReadOnlyList<WorkerProcess> _workers = [];
    private volatile string _phase = "";
    private long _received;

    public ProgressLine(TextWriter output)
    {
        _output = output;
        _timer = new Timer(_ => Write(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public void Phase(string phase) => _phase = phase;

    public void Watch(IReadOnlyList<WorkerProcess> workers) => _workers = workers;

    /// <summary>After this nothing is written any more.</summary>
    public void Dispose()
    {
        using var ended = new ManualResetEvent(false);
        if (_timer.Dispose(ended))
        {
            ended.WaitOne();
        }
    }

    private void Write()
    {
        var states = _workers.Select(w => w.Progress).ToList();
        var received = states.Sum(s => s.Received);
        var perSecond = Math.Max(received - _received, 0);
        _received = received;
        if (states.Count > 0)
        {
            var (ready, failed) = (states.Sum(s => s.Ready), states.Sum(s => s.Failed));
            _output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"fastpush-load: {_phase}; {ready:N0} connected, {failed:N0} failed; {perSecond:N0} deliveries/s"));
        }
    }
}
