using System.Globalization;
using FastPush.Relay.Redis;

namespace FastPush.Relay.Users;

/// <summary>What the dead leave behind.</summary>
public sealed partial class RedisUserQueues
{
    /// <summary>
    /// Puts what only dead servers own back into the offline queues, over all users. One server of the fleet does that at a time.
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
            [_members.Alive, _options.Offline.Messages, _options.Offline.Bytes, TtlMs]);
        var parts = (string[])answer;
        var moved = long.Parse(parts[0], CultureInfo.InvariantCulture);
        _count.Add(moved);
        if (moved > 0)
        {
            Waiting?.Invoke(user, queue, Servers(parts[1]));
        }
    }
}
