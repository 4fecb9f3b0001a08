using FastPush.Relay.Redis;

namespace FastPush.Relay.Users;

/// <summary>
/// What this server wants of a user's queue and what the store was told. Takes and leaves that are not under way yet cancel each other, so
/// that who subscribes and unsubscribes in turns has one of each waiting at most. The object is guarded by its owner's lock.
/// </summary>
internal sealed class QueueInterest(WriteBehind<QueueWrite> writer)
{
    private readonly List<(QueueWrite Write, WritePlace Place)> _takes = [];
    private (QueueWrite Write, WritePlace Place)? _leave;

    /// <summary>Since when it has subscriptions here without a break, Unix milliseconds; 0 = it has none.</summary>
    public long SinceMs { get; private set; }

    /// <summary>The store may name this server as a holder.</summary>
    public bool MayBeRegistered { get; set; }

    /// <summary>Nothing is wanted, waits, or is to be undone.</summary>
    public bool IsIdle => SinceMs == 0 && !MayBeRegistered && _takes.Count == 0 && _leave is not { Place.IsWaiting: true };

    public void Take(QueueWrite take, long nowMs)
    {
        take = take with { IsFirst = SinceMs == 0 };
        SinceMs = SinceMs == 0 ? nowMs : SinceMs;
        if (_leave is { } leave && writer.TryWithdraw(leave.Write, leave.Place))
        {
            _leave = null; // What it would have given up, the take brings.
        }

        _takes.RemoveAll(other => !other.Place.IsWaiting);
        if (writer.Place(take) is { } place)
        {
            _takes.Add((take, place));
        }
    }

    /// <summary>The last subscription is gone, so nobody waits for what was to be taken.</summary>
    public void Leave(QueueWrite leave)
    {
        SinceMs = 0;
        foreach (var (take, place) in _takes)
        {
            if (writer.TryWithdraw(take, place))
            {
                take.Taken!.TrySetResult([]);
            }
            else
            {
                MayBeRegistered = true;
            }
        }

        _takes.Clear();
        if (MayBeRegistered && _leave is not { Place.IsWaiting: true })
        {
            _leave = writer.Place(leave) is { } place ? (leave, place) : null;
        }
    }
}
