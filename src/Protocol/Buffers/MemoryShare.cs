namespace FastPush.Protocol.Buffers;

/// <summary>
/// What one party (a user, all strangers together, history) has to answer for, within a bound of its own, so that nobody fills the
/// <see cref="MemoryAccount"/> alone. Payloads that it only answers for are counted here alone, since the account has them once from
/// their pool; memory of its own is taken from the account as well. Safe from any thread.
/// </summary>
public class MemoryShare(MemoryAccount account, long bytesMax)
{
    // A fifth is kept for those small things without which nobody could take away what fills the rest: a subscription, an ACK.
    private const int ReservePart = 5;

    private long _bytes;
    private long _bytesMax = bytesMax;

    /// <summary>The whole that it is a share of.</summary>
    public MemoryAccount Account { get; } = account;

    /// <summary>Bytes that it answers for.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The bound; <see cref="long.MaxValue"/> = none but the account's.</summary>
    public long BytesMax
    {
        get => Volatile.Read(ref _bytesMax);
        set => Volatile.Write(ref _bytesMax, value);
    }

    /// <summary>It has no room for so many bytes more; the account may have.</summary>
    public bool IsFullFor(long bytes, bool isSmall = false) => Bytes + bytes > Bound(isSmall);

    /// <summary>
    /// Answers for so many bytes more of payloads; false, and nothing changed, when that is over the bound. <paramref name="isSmall"/>: the
    /// reserve may be used.
    /// </summary>
    public bool TryAdd(long bytes, bool isSmall = false)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= Bound(isSmall))
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    /// <summary>The same for what is here already and cannot be refused.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Ends an <see cref="Add"/>.</summary>
    public void Remove(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    /// <summary>
    /// Takes memory of its own; false, and nothing taken, when that is over its bound or the account's. <paramref name="isSmall"/>: the
    /// reserve may be used, and the account may be full.
    /// </summary>
    public bool TryTake(long bytes, bool isSmall = false)
    {
        if (!TryAdd(bytes, isSmall))
        {
            return false;
        }

        if (!isSmall && !Account.HasRoomFor(bytes))
        {
            Remove(bytes);
            return false;
        }

        Account.Take(bytes);
        return true;
    }

    /// <summary>The same for what cannot be refused; needs no room and may be called in any lock.</summary>
    public void Take(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Account.Take(bytes);
    }

    /// <summary>Ends a <see cref="Take"/>.</summary>
    public void GiveBack(long bytes) => Take(-bytes);

    private long Bound(bool isSmall)
    {
        var bytesMax = BytesMax;
        return isSmall ? bytesMax : bytesMax - (bytesMax / ReservePart);
    }
}
