using System.Globalization;
using FastPush.Relay.Redis;

namespace FastPush.Relay.Users;

/// <summary>What the dead leave behind.</summary>
public sealed partial class RedisUserQueues
{
    /// <summary>
    /// Puts what only dead servers own back into the offline queues, over all users. One server of the fleet does that at a time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; some users were not looked at.</exception>
    public async Task SweepOrphansAsync()
    {
        foreach (var key in _store.Keys(RedisKeys.InFlightPrefix))
        {
            await SweepAsync(RedisKeys.UserOfInFlight(key));
        }
    }

    private async Task SweepAsync(string user)
    {
        var answer = await _store.EvalAsync(
            UserScripts.Orphans,
            Keys(user),
            [_members.Alive, _options.Offline.Messages, _options.Offline.Bytes, TtlMs]);
        var parts = (string[])answer;
        _count.Add(long.Parse(parts[0], CultureInfo.InvariantCulture));
        for (var i = 1; i + 1 < parts.Length; i += 2)
        {
            Waiting?.Invoke(user, parts[i], Servers(parts[i + 1]));
        }
    }
}
