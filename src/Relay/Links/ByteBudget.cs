namespace FastPush.Relay.Links;

/// <summary>A bound in bytes that several threads draw on.</summary>
internal sealed class ByteBudget(long bytesMax)
{
    private long _used;

    public long Used => Volatile.Read(ref _used);

    /// <summary>False, and nothing taken, when the bound would be passed.</summary>
    public bool TryReserve(long bytes)
    {
        var used = Volatile.Read(ref _used);
        while (used + bytes <= bytesMax)
        {
            var seen = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (seen == used)
            {
                return true;
            }

            used = seen;
        }

        return false;
    }

    /// <returns>What is still used.</returns>
    public long Release(long bytes) => Interlocked.Add(ref _used, -bytes);
}
