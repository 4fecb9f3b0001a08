using FastPush.Relay.Redis;
using FastPush.Relay.Users;

namespace FastPush.Relay.Limits;

/// <summary>
/// A token bucket per user over all servers (P12): <c>push:ratelimit:{userId}</c> holds the time at which the bucket would be full again
/// (generic cell rate algorithm, ITU-T I.371), in µs of Redis' clock, so it is refilled by nobody and vanishes when it is full.
/// </summary>
public sealed class RateLimitStore(RedisStore store)
{
    // Shortest time to live, in ms: a bucket that is used all the time need not come and go (P3).
    private const int TtlMinMs = 1_000;

    // Bucketfuls that may be owed: more than servers let pass before they hear of each other. What is beyond comes from a clock that
    // stepped back.
    private const int OwedMax = 16;

    // Arguments: tokens, burst, µs a token, shortest time to live (ms), bucketfuls that may be owed. Returns in how many µs the bucket
    // would be full.
    private const string Charge = """
        local t = redis.call('TIME')
        local now, per = t[1] * 1000000 + t[2], tonumber(ARGV[3])
        local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0')) + per * ARGV[1]
        full = math.min(full, now + per * ARGV[2] * (1 + ARGV[5]))
        if full > now then
          local ttl = math.max(tonumber(ARGV[4]), math.ceil((full - now) / 1000))
          redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', ttl))
        end
        return math.ceil(full - now)
        """;

    /// <summary>Takes tokens that were used already, whether they are there or not: what is not there is owed.</summary>
    /// <param name="user">Whose bucket.</param>
    /// <param name="tokens">How many; 0 only asks.</param>
    /// <param name="burst">The bucket's size in tokens.</param>
    /// <param name="perSecond">Tokens that come back a second, more than 0.</param>
    /// <returns>In how many µs the bucket would be full: more than its size while tokens are owed.</returns>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; they may have been taken.</exception>
    public async Task<long> ChargeAsync(string user, int tokens, int burst, double perSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        return (long)await store.EvalAsync(
            Charge, [RedisKeys.RateLimit(user)], [tokens, burst, 1_000_000 / perSecond, TtlMinMs, OwedMax]).ConfigureAwait(false);
    }
}
