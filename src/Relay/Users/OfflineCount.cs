using FastPush.Relay.Redis;

namespace FastPush.Relay.Users;

/// <summary>How many messages wait offline over all users, about: every server adds what it changed, and reads the sum.</summary>
internal sealed class OfflineCount(IScriptStore store)
{
    private long _change;
    private long _sum;

    /// <summary>The sum when it was last read, with this server's changes since.</summary>
    public long Value => Math.Max(0, Volatile.Read(ref _sum) + Volatile.Read(ref _change));

    public void Add(long change) => Interlocked.Add(ref _change, change);

    /// <summary>Writes and reads; in an outage later.</summary>
    public async Task FlushAsync()
    {
        var change = Interlocked.Exchange(ref _change, 0);
        try
        {
            var sum = await store.IncrementAsync(RedisKeys.OfflineCount, change);
            Volatile.Write(ref _sum, sum);
        }
        catch (StoreUnavailableException)
        {
            Interlocked.Add(ref _change, change); // Said by the store.
        }
    }
}
