using System.Globalization;
using FastPush.Relay.Offline;
using StackExchange.Redis;

namespace FastPush.Relay.Users;

/// <summary>What is read: the queue by who takes it, and its history, in portions, so that Redis serves others in between.</summary>
public sealed partial class RedisUserQueues
{
    // Of bodies in one answer, unless one message alone is larger: a script's work for it is well below a millisecond.
    private const int PortionBytes = 256 << 10;

    // Ids in one call.
    private const int PortionIds = 256;

    /// <inheritdoc/>
    public async Task<QueuePart> ReadHistoryAsync(string user, string queue, long afterId, Func<bool>? isWanted = null)
    {
        var read = new TaskCompletionSource<IReadOnlyList<OfflineMessage>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isComplete = false;
        _writer.Add(new QueueWrite(QueueWriteKind.ReadHistory, user, queue, afterId)
        {
            Taken = read,
            IsWanted = isWanted,
            Judged = isAll => isComplete = isAll,
        });
        var found = await read.Task;
        return new QueuePart(found, isComplete);
    }

    private async Task ReadHistoryNowAsync(QueueWrite write)
    {
        var (user, queue) = (write.User, write.Queue);
        var found = new List<OfflineMessage>();
        bool? isComplete = null;
        try
        {
            for (var after = UserEntry.Id(write.Id); after.Length > 0 && (write.IsWanted?.Invoke() ?? true);)
            {
                var parts = (RedisResult[])await _store.EvalAsync(
                    UserScripts.ReadHistory, Keys(user, queue), [_members.Self, after, PortionBytes]);
                after = (string)parts[0]!;
                isComplete ??= (string)parts[1]! switch
                {
                    "1" => true,
                    "2" => _reach.IsYoung(write.Id),
                    _ => false,
                };
                foreach (var entry in parts.AsSpan(2))
                {
                    if (UserEntry.TryRead((byte[])entry!, user, queue, _pool, out var message, out _))
                    {
                        found.Add(message with { Attempts = 0 });
                    }
                    else
                    {
                        isComplete = false; // The memory for messages is full.
                    }
                }
            }
        }
        catch (StoreUnavailableException)
        {
            found.ForEach(message => message.Payload.Release());
            throw;
        }

        write.Judged?.Invoke(isComplete == true);
        write.Taken!.TrySetResult(found);
    }

    /// <inheritdoc/>
    public long? HoldsSince(string user, string queue)
    {
        lock (_interest)
        {
            return _interest.TryGetValue((user, queue), out var interest) && interest.SinceMs != 0 ? interest.SinceMs : null;
        }
    }

    private async Task TakeNowAsync(QueueWrite write)
    {
        lock (_interest)
        {
            if (_interest.TryGetValue((write.User, write.Queue), out var interest))
            {
                interest.MayBeRegistered = true;
            }
        }

        var overdue = UserEntry.Id(write.IsFirst ? OverdueId : OverdueIn(write.User, write.Queue));
        var taken = new List<OfflineMessage>();
        try
        {
            var isFirst = true;
            while (await TakePortionAsync(write, overdue, taken, isFirst))
            {
                isFirst = false;
            }
        }
        catch (StoreUnavailableException) when (taken.Count > 0)
        {
            Waiting?.Invoke(write.User, write.Queue, [_serverId]); // The rest is asked for anew.
        }

        taken.Sort(static (a, b) => a.Payload.Id.CompareTo(b.Payload.Id));
        _count.Add(-taken.Count);
        write.Taken!.TrySetResult(taken);
    }

    // True when there is more, and memory for it. What is in flight is looked at once.
    private async Task<bool> TakePortionAsync(QueueWrite write, string overdue, List<OfflineMessage> taken, bool isFirst)
    {
        var parts = (RedisResult[])await _store.EvalAsync(
            UserScripts.Take,
            Keys(write.User, write.Queue),
            [_members.Self, TtlMs, _members.Alive, isFirst ? overdue : "", isFirst && write.IsFirst ? 1 : 0, PortionBytes]);
        var claims = int.Parse((string)parts[1]!, CultureInfo.InvariantCulture);
        var mine = isFirst ? Claims(write, parts.AsSpan(2, claims)) : [];
        var hasRoom = Receive(write, parts.AsSpan(2 + claims), taken);
        for (var first = 0; first < mine.Count && hasRoom;)
        {
            var ids = mine.GetRange(first, Math.Min(PortionIds, mine.Count - first));
            var claimed = (RedisResult[])await _store.EvalAsync(
                UserScripts.Claim,
                Keys(write.User, write.Queue),
                [_members.Self, TtlMs, _members.Alive, overdue, PortionBytes, .. ids]);
            first += int.Parse((string)claimed[0]!, CultureInfo.InvariantCulture);
            hasRoom = Receive(write, claimed.AsSpan(1), taken);
        }

        return hasRoom && (string)parts[0]! == "1";
    }

    // What is here, or is over, needs no look at its body.
    private List<RedisValue> Claims(QueueWrite write, ReadOnlySpan<RedisResult> ids)
    {
        var claims = new List<RedisValue>();
        foreach (var text in ids)
        {
            var id = UserEntry.ReadId((byte[])text!);
            if (_held.IsSettled(write.User, id))
            {
                SettleAgain(write.User, write.Queue, id);
            }
            else if (!_held.Contains(write.User, id))
            {
                claims.Add((RedisValue)text);
            }
        }

        return claims;
    }

    // False when the memory for messages is full: then what has no room waits in the store, and comes when there is some.
    private bool Receive(QueueWrite write, ReadOnlySpan<RedisResult> entries, List<OfflineMessage> taken)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var hasRoom = true;
        foreach (var item in entries)
        {
            var entry = (byte[])item!;
            var id = UserEntry.ReadId(entry);
            if (!TryHold(write.User, write.Queue, id, _store.Generation, isTaken: true))
            {
                continue;
            }

            var isFull = false;
            if (!hasRoom || !UserEntry.TryRead(entry, write.User, write.Queue, _pool, out var message, out isFull))
            {
                // Or it is an entry of a version that is not known here: it stays in the store.
                if (isFull)
                {
                    hasRoom = false;
                    OutOfMemory?.Invoke(write.User, write.Queue, entry.Length);
                }

                _held.Remove(write.User, id);
                Undeliverable(_serverId, write.User, write.Queue, id, mayHaveArrived: false);
                continue;
            }

            var payload = message.Payload;
            if ((payload.ExpiresAtMs != 0 && payload.ExpiresAtMs <= now) || payload.TimestampMs < now - TtlMs)
            {
                Expired?.Invoke(payload);
                payload.Release();
                continue;
            }

            // What is over may have come back with a Redis that was restarted or restored.
            var mayBeOver = payload.TimestampMs <= _store.UnsureUntilMs;
            taken.Add(mayBeOver ? message with { Attempts = Math.Max(message.Attempts, (byte)1) } : message);
        }

        return hasRoom;
    }
}
