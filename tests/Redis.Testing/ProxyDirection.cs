using System.Diagnostics;

namespace FastPush.Redis.Testing;

/// <summary>What happens to bytes on their way in one direction; for all connections of a <see cref="TcpProxy"/>.</summary>
public sealed class ProxyDirection
{
    private readonly Lock _lock = new();
    private TimeSpan _delay;
    private TaskCompletionSource _changed = NewSignal();
    private TaskCompletionSource? _stopped;
    private long _bytes;
    private long _taken;

    /// <summary>How long bytes are under way, also those that are already. Does not bound how many are.</summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_lock)
            {
                return _delay;
            }
        }

        set
        {
            lock (_lock)
            {
                _delay = value;
                _changed.SetResult();
                _changed = NewSignal();
            }
        }
    }

    /// <summary>Bytes that were read and are under way.</summary>
    public long BytesUnderWay => Volatile.Read(ref _taken) - Bytes;

    /// <summary>Bytes forwarded so far.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Reads and forwards nothing more, so that the sender's buffers fill.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped ??= NewSignal();
        }
    }

    public void Resume()
    {
        lock (_lock)
        {
            _stopped?.SetResult();
            _stopped = null;
        }
    }

    internal Task OpenAsync()
    {
        lock (_lock)
        {
            return _stopped?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Ends when bytes that were read then (<see cref="Stopwatch"/>) have been under way for the delay as it is now.</summary>
    internal async Task PassAsync(long since, CancellationToken over)
    {
        while (true)
        {
            Task changed;
            TimeSpan left;
            lock (_lock)
            {
                changed = _changed.Task;
                left = _delay - Stopwatch.GetElapsedTime(since);
            }

            if (left <= TimeSpan.Zero)
            {
                return;
            }

            // Timers count whole milliseconds, and may be early by a part of one.
            await changed.WaitAsync(left + TimeSpan.FromMilliseconds(1), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            over.ThrowIfCancellationRequested();
        }
    }

    internal void Take(int bytes) => Interlocked.Add(ref _taken, bytes);

    internal void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
