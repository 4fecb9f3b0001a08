namespace FastPush.Gateway.Telemetry;

/// <summary>What came and went over the relay.</summary>
internal sealed class RelayCounters
{
    private const int SayAgainMs = 60_000;

    private long _received;
    private long _dropped;
    private long _malformed;
    private long _postponed;
    private long _saidMs;

    /// <summary>Messages that came from other servers.</summary>
    public long MessagesReceived => Volatile.Read(ref _received);

    /// <summary>Messages to topics that did not reach a server which may have wanted them.</summary>
    public long MessagesDropped => Volatile.Read(ref _dropped);

    /// <summary>Relay messages that could not be read (R4).</summary>
    public long MessagesMalformed => Volatile.Read(ref _malformed);

    /// <summary>Steps that Redis did not take, and that go on without it or wait for it.</summary>
    public long Postponed => Volatile.Read(ref _postponed);

    public void StepPostponed() => Interlocked.Increment(ref _postponed);

    public void Received() => Interlocked.Increment(ref _received);

    public void Dropped() => Interlocked.Increment(ref _dropped);

    /// <summary>True when it is time to say so in the log: the first time, and a minute or more after the last.</summary>
    public bool Malformed(long nowMs)
    {
        Interlocked.Increment(ref _malformed);
        var said = Volatile.Read(ref _saidMs);
        return (said == 0 || nowMs - said >= SayAgainMs) && Interlocked.CompareExchange(ref _saidMs, nowMs, said) == said;
    }
}
