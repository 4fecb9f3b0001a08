using System.Threading.Channels;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Redis;

/// <summary>
/// Does changes in the order they were asked for, pipelined in batches. What fails because of Redis waits and is done again, unless
/// somebody waits for it: that fails at once while Redis is away. At most <see cref="WritesMax"/> wait; then changes are dropped.
/// </summary>
internal sealed class WriteBehind<T>(IScriptStore store, IWriteBehind<T> target, TimeProvider time, ILogger log) : IDisposable
{
    /// <summary>Changes that may wait, about 100 bytes each; messages they hold count in the memory for messages.</summary>
    public const int WritesMax = 1 << 20;

    private const int BatchMax = 512;

    // While Redis is away so many changes are read ahead, to find those that somebody waits for.
    private const int AheadMax = 8_192;
    private const int RetryMs = 200;

    private readonly Channel<T> _waiting = Channel.CreateBounded<T>(new BoundedChannelOptions(WritesMax) { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new(Timeout.InfiniteTimeSpan, time);
    private Task _running = Task.CompletedTask;
    private long _dropped;

    public void Start() => _running = RunAsync();

    /// <summary>Never blocks. What cannot wait ends as dropped.</summary>
    public void Add(in T write)
    {
        if (!store.IsUp && !target.IsRetried(write))
        {
            target.End(write, Away());
            return;
        }

        if (_waiting.Writer.TryWrite(write))
        {
            return;
        }

        target.End(write, new StoreUnavailableException("too many changes wait for Redis, or the node is stopping"));
        if (Interlocked.Increment(ref _dropped) % 10_000 == 1)
        {
            RelayLog.WritesDropped(log, Volatile.Read(ref _dropped));
        }
    }

    /// <summary>Does what waits, for so long at most.</summary>
    public async Task StopAsync(TimeSpan within)
    {
        _waiting.Writer.TryComplete();
        _stopping.CancelAfter(within);
        await _running;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        await Task.Yield();
        var batch = new List<T>(BatchMax);
        var failed = new List<T>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (batch.Count < BatchMax
                && _waiting.Reader.TryPeek(out var next)
                && !target.MustFollow(next, batch)
                && _waiting.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            var isAgain = false;
            while (batch.Count > 0)
            {
                var again = isAgain;
                var running = batch.ConvertAll(write => ExecuteAsync(write, again));
                await Task.WhenAll(running)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                Sort(batch, running, failed);
                (batch, failed) = (failed, batch);
                failed.Clear();
                isAgain = true;
                if (batch.Count > 0 && !await WaitForStoreAsync(batch))
                {
                    batch.ForEach(write => target.End(write, new StoreUnavailableException("the node is stopping")));
                    batch.Clear();
                }
            }
        }
    }

    // So that what is thrown before the first await ends in the task, too.
    private async Task ExecuteAsync(T write, bool isAgain) => await target.ExecuteAsync(write, isAgain);

    private void Sort(List<T> batch, List<Task> ended, List<T> failed)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var fault = ended[i].Exception?.InnerException;
            if (fault is StoreUnavailableException && target.IsRetried(batch[i]))
            {
                failed.Add(batch[i]);
                continue;
            }

            if (fault is not null and not StoreUnavailableException)
            {
                RelayLog.ScriptFailed(log, fault);
            }

            target.End(batch[i], fault);
        }
    }

    private StoreUnavailableException Away() => new(store.Reason);

    // False when there is no more time.
    private async Task<bool> WaitForStoreAsync(List<T> batch)
    {
        do
        {
            while (batch.Count < AheadMax && !store.IsUp && _waiting.Reader.TryRead(out var write))
            {
                if (target.IsRetried(write))
                {
                    batch.Add(write);
                }
                else
                {
                    target.End(write, Away());
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), time, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        while (!store.IsUp && !_stopping.IsCancellationRequested);
        return !_stopping.IsCancellationRequested;
    }
}

/// <summary>What is written behind.</summary>
internal interface IWriteBehind<T>
{
    /// <summary>Does one change. <paramref name="isAgain"/>: it failed before, so it comes later than it was asked for.</summary>
    Task ExecuteAsync(T write, bool isAgain);

    /// <summary>It waits for Redis and is done again.</summary>
    bool IsRetried(T write);

    /// <summary>
    /// Others of a batch must be done before it: if one of them was done but its answer was lost, it is done again, and behind this one it
    /// would mean something else.
    /// </summary>
    bool MustFollow(T write, List<T> batch);

    /// <summary>It is done (null), failed, or was dropped.</summary>
    void End(T write, Exception? fault);
}
