namespace FastPush.Gateway.Sessions;

/// <summary>
/// What a subscription got from a history that nodes share may also come live, a moment later: the relay may be slower than the store.
/// Remembered for a while after catching up. Under the session's lock.
/// </summary>
internal sealed class CaughtUp(HashSet<long> ids, long untilMs)
{
    /// <summary>For how long a message may be on its way over the relay, in ms; what is older has come.</summary>
    public const int WindowMs = 10_000;

    /// <summary>On the monotonic clock; then it can be forgotten.</summary>
    public long UntilMs => untilMs;

    public bool Contains(long id) => ids.Contains(id);
}
