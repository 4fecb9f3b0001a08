using FastPush.Protocol.Buffers;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Topics;

/// <summary>
/// Collects messages for the histories of topics and writes them a moment later, many topics a call. In an outage they wait, up to a
/// bound in bytes; beyond it they get no place in the history.
/// <para>Each topic is a command of Redis. So of many topics those that wait longest go first, a few each time, and the others collect
/// more: the busier the server, the later, up to <see cref="TopicStoreOptions.WriteBehindMaxMs"/>. Who resumes misses nothing by that,
/// since it has the publishers write before it reads (<see cref="FlushAsync"/>); what a server that dies takes with it grows.</para>
/// </summary>
internal sealed class HistoryWriter : IAsyncDisposable
{
    /// <summary>Topics that are written each time, however short they have waited.</summary>
    internal const int TopicsAtOnce = 64;

    private readonly IScriptStore _store;
    private readonly int _serverId;
    private readonly TopicStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly HistoryMarks _marks;
    private readonly Dictionary<byte[], HistoryPart> _waiting = new(TopicKeys.Comparer);

    // Those that wait, the first to come first; and such as no longer do.
    private readonly Queue<HistoryPart> _order = new();
    private readonly Dictionary<byte[], (Task Last, int Count)> _writing = new(TopicKeys.Comparer);
    private readonly ITimer _timer;
    private long _bytes;
    private long _dropped;
    private long _postponed;
    private int _ticking;

    public HistoryWriter(IScriptStore store, int serverId, TopicStoreOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _serverId = serverId;
        _options = options;
        _time = time;
        _log = log;
        _marks = new HistoryMarks(options, time);
        var period = TimeSpan.FromMilliseconds(options.WriteBehindMs);
        _timer = time.CreateTimer(static state => ((HistoryWriter)state!).Tick(), this, period, period);
    }

    /// <summary>Writes that Redis did not take at first.</summary>
    public long Postponed => Volatile.Read(ref _postponed);

    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Takes a reference of its own, if there is room.</summary>
    public void Append(byte[] topic, Payload message)
    {
        lock (_waiting)
        {
            if (_bytes + message.Length > _options.WaitingBytesMax)
            {
                _dropped++;
                return;
            }

            if (!_waiting.TryGetValue(topic, out var part))
            {
                Wait(part = new HistoryPart(topic, _time.GetTimestamp()));
            }

            var list = part.Messages;
            if (list.Count >= _options.HistoryMessages)
            {
                // The history would let go of it at once.
                _bytes -= list[0].Length;
                list[0].Release();
                list.RemoveAt(0);
            }

            message.AddRef();
            list.Add(message);
            _bytes += message.Length;
        }
    }

    /// <summary>Writes what waits of one topic, behind what is being written of it.</summary>
    /// <exception cref="StoreUnavailableException">It waits on.</exception>
    public Task FlushAsync(byte[] topic)
    {
        lock (_waiting)
        {
            return _waiting.ContainsKey(topic)
                ? Begin([topic])
                : _writing.GetValueOrDefault(topic, (Task.CompletedTask, 0)).Item1;
        }
    }

    /// <summary>Writes what waits, if Redis takes it, and lets go of the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await WriteDueAsync(all: true);
        lock (_waiting)
        {
            foreach (var message in _waiting.Values.SelectMany(part => part.Messages))
            {
                message.Release();
            }

            _waiting.Clear();
            _order.Clear();
        }
    }

    private void Tick()
    {
        if (_store.IsUp && Interlocked.Exchange(ref _ticking, 1) == 0)
        {
            _ = TickAsync();
        }
    }

    private async Task TickAsync()
    {
        await WriteDueAsync(all: false);
        Volatile.Write(ref _ticking, 0);
    }

    // By topics whose keys one script may have: all of them, but for Redis Cluster.
    private async Task WriteDueAsync(bool all)
    {
        Task[] writes;
        lock (_waiting)
        {
            // The client computes slots of keys without Redis Cluster too.
            var isCluster = _store.IsCluster;
            var groups = TakeDue(all).GroupBy(topic => isCluster ? _store.SlotOf(RedisKeys.TopicHistory(topic)) : 0);
            var begun = groups.Select(group => Begin([.. group])).ToList();
            writes = all ? [.. begun, .. _writing.Values.Select(writing => writing.Last)] : [.. begun];
        }

        try
        {
            await Task.WhenAll(writes);
        }
        catch (StoreUnavailableException)
        {
            Interlocked.Increment(ref _postponed); // They wait on; the store has said why.
        }
    }

    // Under the lock.
    private void Wait(HistoryPart part)
    {
        _waiting[part.Topic] = part;
        part.IsWaiting = true;
        if (!part.IsQueued)
        {
            part.IsQueued = true;
            _order.Enqueue(part);
        }
    }

    // Under the lock.
    private List<byte[]> TakeDue(bool all)
    {
        var due = new List<byte[]>();
        all |= _bytes > _options.WaitingBytesMax / 2;
        while (_order.TryPeek(out var part))
        {
            if (part.IsWaiting)
            {
                if (!all && due.Count >= TopicsAtOnce
                    && _time.GetElapsedTime(part.Since).TotalMilliseconds < _options.WriteBehindMaxMs)
                {
                    break;
                }

                due.Add(part.Topic);
            }

            _order.Dequeue();
            part.IsQueued = false;
        }

        return due;
    }

    // Under the lock. Topics that wait, of one slot.
    private Task Begin(byte[][] topics)
    {
        var before = new List<Task>();
        var parts = new List<HistoryPart>();
        foreach (var topic in topics)
        {
            var (last, count) = _writing.GetValueOrDefault(topic, (Task.CompletedTask, 0));
            if (_waiting.Remove(topic, out var part))
            {
                part.IsWaiting = false;
                // Counted before it runs: it may end at once.
                _writing[topic] = (last, count + 1);
                before.Add(last);
                parts.Add(part);
            }
        }

        var write = WriteAsync(Task.WhenAll(before), parts);
        foreach (var part in parts)
        {
            if (_writing.TryGetValue(part.Topic, out var writing))
            {
                _writing[part.Topic] = (write, writing.Count);
            }
        }

        return write;
    }

    private async Task WriteAsync(Task before, List<HistoryPart> parts)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        try
        {
            var call = new HistoryCall(_options, _serverId, _marks);
            while (call.Fill(parts, _store.Generation))
            {
                long? at = null;
                try
                {
                    at = (long)await _store.EvalAsync(TopicScripts.Append, call.Keys, call.Values);
                }
                catch (Exception e) when (e is not StoreUnavailableException)
                {
                    RelayLog.ScriptFailed(_log, e);
                }

                call.Done(at);
            }
        }
        finally
        {
            foreach (var part in parts)
            {
                Finish(part);
            }
        }
    }

    // What was not written goes in front of what came meanwhile.
    private void Finish(HistoryPart part)
    {
        lock (_waiting)
        {
            foreach (var message in part.Messages.Take(part.Written))
            {
                _bytes -= message.Length;
                message.Release();
            }

            part.Messages.RemoveRange(0, part.Written);
            part.Written = 0;
            if (part.Messages.Count > 0)
            {
                if (_waiting.TryGetValue(part.Topic, out var newer))
                {
                    newer.IsWaiting = false;
                    part.Messages.AddRange(newer.Messages);
                }

                Wait(part);
            }

            var (last, count) = _writing[part.Topic];
            if (count == 1)
            {
                _writing.Remove(part.Topic);
            }
            else
            {
                _writing[part.Topic] = (last, count - 1);
            }
        }
    }
}
