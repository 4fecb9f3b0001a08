using System.Globalization;
using System.Text;
using FastPush.Protocol.Ids;
using FastPush.Relay.Offline;
using FastPush.Relay.Redis;
using StackExchange.Redis;

namespace FastPush.Relay.Users;

/// <summary>What is written behind: each change as one script.</summary>
public sealed partial class RedisUserQueues
{
    string IWriteBehind<QueueWrite>.LineOf(QueueWrite write) => write.User;

    bool IWriteBehind<QueueWrite>.IsRetried(QueueWrite write) => write.Kind is not QueueWriteKind.Take and not QueueWriteKind.ReadHistory;

    // A take is one of a subscription, which are few.
    bool IWriteBehind<QueueWrite>.MayBeRefused(QueueWrite write) => write.Kind is QueueWriteKind.ReadHistory or QueueWriteKind.Barrier;

    // Giving a message back a second time, after it was taken again, would take it from the session that has it.
    bool IWriteBehind<QueueWrite>.MustFollow(QueueWrite write, List<QueueWrite> portion) =>
        write.Kind switch
        {
            QueueWriteKind.Take or QueueWriteKind.ReadHistory => portion.Exists(other => other.Kind != QueueWriteKind.Take),
            QueueWriteKind.Barrier => portion.Count > 0,
            _ => false,
        };

    // At the node's end: a message that was not settled comes again, one that was not given back is taken by who looks next.
    void IWriteBehind<QueueWrite>.End(QueueWrite write, Exception? fault)
    {
        write.Message?.Release();
        write.Done?.Invoke(fault);
        if (fault is not null)
        {
            write.Taken?.TrySetException(fault);
        }
    }

    Task IWriteBehind<QueueWrite>.ExecuteAsync(QueueWrite write, bool isAgain) => write.Kind switch
    {
        QueueWriteKind.Take => TakeNowAsync(write),
        QueueWriteKind.Release => ReleaseAsync(write, isAgain),
        QueueWriteKind.Settle => SettleAsync(write),
        QueueWriteKind.Barrier => Task.CompletedTask,
        QueueWriteKind.ReadHistory => ReadHistoryNowAsync(write),
        _ => LeaveAsync(write),
    };

    private async Task SettleAsync(QueueWrite write)
    {
        var left = await _store.EvalAsync(
            UserScripts.Settle,
            Keys(write.User, write.Queue),
            [
                UserEntry.Id(write.Id),
                write.Message is { } message ? UserEntry.Write(message, 1, _serverId) : [],
                _options.HistoryMessages,
                _options.HistoryAgeSeconds * 1000L,
            ]);
        _count.Add(-(long)left);
    }

    // Nobody takes this queue here any more. So what this server owns in it and never got (its publisher's server died before it relayed
    // it, or the relay lost it) is given up: at once, or when it can no longer be on its way.
    private async Task LeaveAsync(QueueWrite write)
    {
        if (IsWanted(write.User, write.Queue))
        {
            return; // A subscription came meanwhile.
        }

        var owned = (string[])await _store.EvalAsync(UserScripts.Leave, Keys(write.User, write.Queue), [_members.Self]);
        lock (_interest)
        {
            if (_interest.TryGetValue((write.User, write.Queue), out var interest) && interest.SinceMs == 0)
            {
                interest.MayBeRegistered = false;
                Forget(write.User, write.Queue, interest);
            }
        }

        var mustLookAgain = false;
        foreach (var text in owned)
        {
            var id = UserEntry.ReadId(Encoding.ASCII.GetBytes(text));
            if (_held.IsSettled(write.User, id))
            {
                SettleAgain(write.User, write.Queue, id);
            }
            else if (_held.Contains(write.User, id))
            {
                continue; // Its session gives it back or settles it.
            }
            else if (IsOverdue(write.User, write.Queue, id))
            {
                _writer.Add(new QueueWrite(QueueWriteKind.Release, write.User, write.Queue, id) { Owner = _members.Self });
            }
            else
            {
                mustLookAgain = true;
            }
        }

        if (mustLookAgain)
        {
            _ = LeaveAgainAsync(write);
        }
    }

    // Somebody who did not know that it is over put it back.
    private void SettleAgain(string user, string queue, long id) =>
        _writer.Add(new QueueWrite(QueueWriteKind.Settle, user, queue, id));

    private async Task LeaveAgainAsync(QueueWrite write)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(RelayTimeMs), _time, _stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!_stopping.IsCancellationRequested)
        {
            _writer.Add(write);
        }
    }

    private async Task ReleaseAsync(QueueWrite write, bool isAgain)
    {
        // In an outage the store may have forgotten a message, or never have known it; what it forgot because it is over stays over. That
        // it was away may be known only after the call went out.
        var isLost = IsLost(write);
        var parts = (string[])await AskToReleaseAsync(write, isLost);
        if (parts.Length == 0 && !isLost && IsLost(write))
        {
            parts = (string[])await AskToReleaseAsync(write, isLost: true);
        }

        if (parts.Length == 0)
        {
            return;
        }

        _count.Add(2 - parts.Length);
        foreach (var id in parts.AsSpan(1))
        {
            Overflowed?.Invoke(write.User, UserEntry.ReadId(Encoding.ASCII.GetBytes(id)));
        }

        // Subscriptions here look by themselves after giving a message back, and must not while there is no memory for it. If it came
        // back later than it was given, they have looked already.
        if (Array.FindAll(Servers(parts[0]), s => isAgain || s != _serverId) is { Length: > 0 } servers)
        {
            Waiting?.Invoke(write.User, write.Queue, servers);
        }
    }

    private bool IsLost(QueueWrite write) =>
        write is { Generation: { } generation, Message: { } message }
        && (generation != _store.Generation || message.TimestampMs <= _store.UnsureUntilMs);

    private Task<RedisResult> AskToReleaseAsync(QueueWrite write, bool isLost)
    {
        var entry = isLost && write.Message is { } message ? UserEntry.Write(message, write.Attempts ?? 1, _serverId) : [];
        return _store.EvalAsync(
            UserScripts.Release,
            Keys(write.User, write.Queue),
            [
                write.Owner,
                UserEntry.Id(write.Id),
                write.Attempts is { } attempts ? UserEntry.Attempts(attempts) : "",
                _options.Offline.Messages,
                _options.Offline.Bytes,
                TtlMs,
                _members.Alive,
                entry,
                _options.HistoryMessages,
                _options.HistoryAgeSeconds * 1000L,
            ]);
    }
}
