using System.Globalization;
using FastPush.Relay.Redis;

namespace FastPush.Relay.Users;

/// <summary>What the dead leave behind.</summary>
public sealed partial class RedisUserQueues
{
    /// <summary>
    /// Puts what only dead servers own back into the offline queues, over all users, and gives up what this one owns in queues that have no
    /// subscription here.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; some queues were not looked at.</exception>
    public async Task SweepOrphansAsync()
    {
        foreach (var key in _store.Keys(RedisKeys.InFlightPrefix))
        {
            var (user, queue) = RedisKeys.OfInFlight(key);
            await SweepAsync(user, queue);
        }
    }

    private async Task SweepAsync(string user, string queue)
    {
        var answer = await _store.EvalAsync(
            UserScripts.Orphans,
            Keys(user, queue),
            [_members.Alive, _options.Offline.Messages, _options.Offline.Bytes, TtlMs, _members.Self]);
        var parts = (string[])answer;
        var moved = long.Parse(parts[0], CultureInfo.InvariantCulture);
        _count.Add(moved);
        if (moved > 0)
        {
            Waiting?.Invoke(user, queue, Servers(parts[1]));
        }

        if (parts[2] != "0" && !IsWanted(user, queue))
        {
            _writer.Add(new QueueWrite(QueueWriteKind.Leave, user, queue, 0)); // It came back with an old copy of Redis' data.
        }
    }

    private bool IsWanted(string user, string queue)
    {
        lock (_interest)
        {
            return _interest.TryGetValue((user, queue), out var interest) && interest.SinceMs != 0;
        }
    }

    // Under the lock of all interest.
    private void Forget(string user, string queue, QueueInterest interest)
    {
        if (interest.IsIdle)
        {
            _interest.Remove((user, queue));
        }
    }
}
