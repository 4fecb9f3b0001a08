using System.Threading.Channels;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Redis;

/// <summary>
/// Does changes behind, in the order in which each user's were asked for. Every user has a line of their own; lines take turns, a portion
/// each, so that nobody waits for what another has asked for. What fails because of Redis waits and is done again, unless
/// somebody waits for it: that fails at once while Redis is away.
/// <para>Changes are never dropped: each is of a message or session that this node has in its memory, which bounds them. What a client can
/// ask for without that (<see cref="IWriteBehind{T}.MayBeRefused"/>) is refused when <see cref="QuestionsMax"/> of its line wait.</para>
/// </summary>
internal sealed class WriteBehind<T>(IScriptStore store, IWriteBehind<T> target, TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>Of one line; four times what one connection subscribes to at most, so that a few that resume at once pass.</summary>
    public const int QuestionsMax = 4_096;

    // Calls of one line under way at a time, and lines: enough to keep a Redis busy that answers within milliseconds.
    private const int PortionMax = 64;
    private const int LinesMax = 64;
    private const int RetryMs = 200;
    private const int SpareMax = 64;

    private readonly Dictionary<string, WriteLine<T>> _lines = new(StringComparer.Ordinal);
    private readonly Stack<WriteLine<T>> _spare = new();
    private readonly List<WriteLine<T>> _parked = [];
    private readonly Channel<WriteLine<T>> _ready =
        Channel.CreateUnbounded<WriteLine<T>>(new UnboundedChannelOptions { SingleReader = true });

    private readonly SemaphoreSlim _free = new(LinesMax);
    private readonly CancellationTokenSource _stopping = new(Timeout.InfiniteTimeSpan, time);
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private bool _isStopping;
    private bool _isRetrying;

    public void Start() => _running = RunAsync();

    /// <summary>
    /// Never blocks. The place where it waits, for <see cref="TryWithdraw"/>; null when it was refused, which it is told.
    /// </summary>
    public WritePlace? Place(in T write)
    {
        var place = new WritePlace();
        return TryAdd(write, place) ? place : null;
    }

    /// <summary>As <see cref="Place"/>, for what is never withdrawn.</summary>
    public void Add(in T write) => TryAdd(write, null);

    private bool TryAdd(in T write, WritePlace? place)
    {
        var why = store.IsUp || target.IsRetried(write) ? "the node is stopping" : store.Reason;
        lock (_lines)
        {
            if (!_isStopping && (store.IsUp || target.IsRetried(write)))
            {
                var line = LineOf(write);
                if (!target.MayBeRefused(write) || line.Questions < QuestionsMax)
                {
                    line.Add(target, write, place);
                    BeReady(line);
                    return true;
                }

                why = "more of this user's requests wait for Redis than may";
            }
        }

        target.End(write, new StoreUnavailableException(why));
        return false;
    }

    /// <summary>Takes back what is not yet under way. False when it is, or is done.</summary>
    public bool TryWithdraw(in T write, WritePlace place)
    {
        lock (_lines)
        {
            return _lines.TryGetValue(target.LineOf(write), out var line) && line.TryWithdraw(target, write, place);
        }
    }

    /// <summary>Does what waits, for so long at most.</summary>
    public async Task StopAsync(TimeSpan within)
    {
        lock (_lines)
        {
            _isStopping = true;
            if (_lines.Count == 0)
            {
                _empty.TrySetResult();
            }
        }

        _stopping.CancelAfter(within);
        await _empty.Task;
        _ready.Writer.TryComplete();
        await _running;
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _free.Dispose();
    }

    private WriteLine<T> LineOf(in T write)
    {
        var name = target.LineOf(write);
        if (!_lines.TryGetValue(name, out var line))
        {
            _lines[name] = line = _spare.TryPop(out var spare) ? spare : new WriteLine<T>();
            line.Name = name;
        }

        return line;
    }

    private void BeReady(WriteLine<T> line)
    {
        if (!line.IsBusy)
        {
            line.IsBusy = true;
            _ready.Writer.TryWrite(line);
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        while (await _ready.Reader.WaitToReadAsync())
        {
            while (_ready.Reader.TryRead(out var line))
            {
                await _free.WaitAsync();
                _ = RunAsync(line);
            }
        }
    }

    private async Task RunAsync(WriteLine<T> line)
    {
        var portion = new List<T>();
        var failed = new List<T>();
        var hasFailed = line.Failed.Count > 0;
        var isUp = store.IsUp;
        lock (_lines)
        {
            line.Choose(target, isUp && !hasFailed ? PortionMax : 0, portion);
        }

        // What waits for Redis is done alone, in the order it had, before anything newer.
        if (hasFailed && isUp)
        {
            portion.AddRange(line.Failed);
            line.Failed.Clear();
        }

        if (_stopping.IsCancellationRequested || !isUp)
        {
            FailQuestions(line);
        }

        var running = portion.ConvertAll(write => ExecuteAsync(write, hasFailed));
        await Task.WhenAll(running)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Sort(portion, running, failed);
        line.Failed.AddRange(failed);
        GoOn(line, isUp && failed.Count == 0);
        _free.Release();
    }

    // So that what is thrown before the first await ends in the task, too.
    private async Task ExecuteAsync(T write, bool isAgain) => await target.ExecuteAsync(write, isAgain);

    private void GoOn(WriteLine<T> line, bool isUp)
    {
        List<T>? over = null;
        lock (_lines)
        {
            if (_stopping.IsCancellationRequested)
            {
                over = line.TakeAll(target);
            }

            if (line.Count + line.Failed.Count == 0)
            {
                _lines.Remove(line.Name);
                line.IsBusy = false;
                if (_spare.Count < SpareMax)
                {
                    _spare.Push(line);
                }
            }
            else if (isUp)
            {
                _ready.Writer.TryWrite(line);
            }
            else
            {
                Park(line);
            }

            if (_isStopping && _lines.Count == 0)
            {
                _empty.TrySetResult();
            }
        }

        over?.ForEach(write => target.End(write, new StoreUnavailableException("the node is stopping")));
    }

    private void Park(WriteLine<T> line)
    {
        _parked.Add(line);
        if (!_isRetrying)
        {
            _isRetrying = true;
            _ = RetryAsync();
        }
    }

    private async Task RetryAsync()
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), time, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            lock (_lines)
            {
                if (store.IsUp || _stopping.IsCancellationRequested)
                {
                    _parked.ForEach(line => _ready.Writer.TryWrite(line));
                    _parked.Clear();
                    _isRetrying = false;
                    return;
                }
            }
        }
    }

    // While Redis is away nobody waits behind changes that wait for it.
    private void FailQuestions(WriteLine<T> line)
    {
        List<T> failed;
        lock (_lines)
        {
            failed = line.TakeUnretried(target);
        }

        failed.ForEach(write => target.End(write, new StoreUnavailableException(store.Reason)));
    }

    private void Sort(List<T> portion, List<Task> ended, List<T> failed)
    {
        for (var i = 0; i < portion.Count; i++)
        {
            var fault = ended[i].Exception?.InnerException;
            if (fault is StoreUnavailableException && target.IsRetried(portion[i]))
            {
                failed.Add(portion[i]);
                continue;
            }

            if (fault is not null and not StoreUnavailableException)
            {
                RelayLog.ScriptFailed(log, fault);
            }

            target.End(portion[i], fault);
        }
    }
}
