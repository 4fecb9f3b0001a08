namespace FastPush.Relay.Topics;

/// <summary>
/// What this server knows of the streams that it wrote lately, so that a write costs one command: since when its own messages alone are
/// as many as a history has, so that all before may go, and that the time to live need not be prolonged yet.
/// <para>Topics that it did not write for two periods are forgotten, so this needs no clearing up.</para>
/// </summary>
internal sealed class HistoryMarks(TopicStoreOptions options, TimeProvider time)
{
    /// <summary>The time to live of a stream is longer than messages are kept by one period, and prolonged once in each.</summary>
    public long PeriodMs { get; } = options.HistoryAgeSeconds * 1000L / 4;

    private readonly Lock _gate = new();
    private Dictionary<byte[], Mark> _thisPeriod = new(TopicKeys.Comparer);
    private Dictionary<byte[], Mark> _lastPeriod = new(TopicKeys.Comparer);
    private long _began = time.GetTimestamp();
    private long _generation;

    /// <summary>
    /// Before a write: what may be trimmed (ms of Redis' clock; 0 = nothing known), and whether the stream was there and its time to live
    /// prolonged in this period.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="generation">Of the store: where Redis may have lost what it had, nothing is known.</param>
    public (long TrimBefore, bool IsProlonged) Of(byte[] topic, long generation)
    {
        lock (_gate)
        {
            Advance(generation);
            return _thisPeriod.TryGetValue(topic, out var mark)
                ? (mark.TrimBefore, true)
                : (_lastPeriod.GetValueOrDefault(topic).TrimBefore, false);
        }
    }

    /// <summary>So many messages were written at this time of Redis' clock, and the time to live was prolonged if need be.</summary>
    public void Wrote(byte[] topic, int messages, long atMs)
    {
        lock (_gate)
        {
            if (!_thisPeriod.TryGetValue(topic, out var mark))
            {
                mark = _lastPeriod.GetValueOrDefault(topic);
            }

            var count = mark.Count + messages;
            _thisPeriod[topic] = count < options.HistoryMessages
                ? mark with { Count = count }
                : new Mark(mark.CountsFrom, atMs, 0);
        }
    }

    private void Advance(long generation)
    {
        var periods = time.GetElapsedTime(_began).TotalMilliseconds / PeriodMs;
        if (generation != _generation || periods >= 2)
        {
            _thisPeriod.Clear();
            _lastPeriod.Clear();
        }
        else if (periods >= 1)
        {
            (_thisPeriod, _lastPeriod) = (_lastPeriod, _thisPeriod);
            _thisPeriod.Clear();
        }
        else
        {
            return;
        }

        _generation = generation;
        _began = time.GetTimestamp();
    }

    /// <param name="TrimBefore">Since then at least as many messages as a history has were written.</param>
    /// <param name="CountsFrom">What <paramref name="Count"/> counts from.</param>
    /// <param name="Count">Messages written since.</param>
    private readonly record struct Mark(long TrimBefore, long CountsFrom, int Count);
}
