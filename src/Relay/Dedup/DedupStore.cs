using System.Globalization;
using FastPush.Protocol.Ids;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Relay.Dedup;

/// <summary>
/// Makes a repeated publish one publish, over all servers: <c>push:dedup:{principal/key}</c> holds the id of the first. A publish claims
/// its
/// key, is done, and confirms the claim; so a server that dies in between leaves a claim that says so, and its repetition is not taken for
/// done.
/// </summary>
public sealed class DedupStore(RedisStore store, DedupOptions options)
{
    // Value: the message id, after a question mark while the publish is not confirmed.
    private const string ClaimScript = """
        local seen = redis.call('GET', KEYS[1])
        if seen then return seen end
        redis.call('SET', KEYS[1], '?' .. ARGV[1], 'PX', ARGV[2])
        return ''
        """;

    // Only its own claim, or none: a claim that has run out may have gone to another publish of the same key.
    private const string ConfirmScript = """
        local seen = redis.call('GET', KEYS[1])
        if seen and seen ~= ARGV[1] and seen ~= '?' .. ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
        """;

    private const string ForgetScript = """
        if redis.call('GET', KEYS[1]) ~= '?' .. ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """;

    /// <summary>Begins a publish under an idempotency key. It is new, or repeats the one whose id is returned.</summary>
    /// <param name="principal">User id, without a slash.</param>
    /// <param name="key">The publisher's key, which counts for that user alone.</param>
    /// <param name="candidateId">Id of the message if it is new.</param>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; the key may be claimed.</exception>
    public async Task<DedupClaim> ClaimAsync(string principal, string key, long candidateId)
    {
        var seen = (string)await store.EvalAsync(
            ClaimScript, Keys(principal, key), [candidateId, options.PendingMs]).ConfigureAwait(false);
        if (seen.Length == 0)
        {
            return new DedupClaim(candidateId, DedupState.New);
        }

        var isPending = seen[0] == '?';
        var id = long.Parse(seen.AsSpan(isPending ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture);
        return new DedupClaim(id, isPending ? DedupState.Pending : DedupState.Done);
    }

    /// <summary>The publish is done: from now on repetitions are answered with its id, for <see cref="DedupOptions.WindowMs"/>.</summary>
    /// <returns>False when the claim has run out and the key went to another publish, so the message is there twice.</returns>
    /// <exception cref="StoreUnavailableException">The store did not answer in time.</exception>
    public async Task<bool> ConfirmAsync(string principal, string key, long id) =>
        (long)await store.EvalAsync(ConfirmScript, Keys(principal, key), [id, options.WindowMs]).ConfigureAwait(false) == 1;

    /// <summary>The publish was refused after all, so a repetition is not one. What was confirmed stays.</summary>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; the claim runs out by itself.</exception>
    public Task ForgetAsync(string principal, string key, long id) => store.EvalAsync(ForgetScript, Keys(principal, key), [id]);

    /// <summary>
    /// True for the first who asks about a message id within <see cref="DedupOptions.WindowMs"/> (<c>push:dedup:{messageId}</c>).
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; it may have counted as the first.</exception>
    public Task<bool> TryAddAsync(long messageId) => store.RunAsync(db => db.StringSetAsync(
        RedisKeys.Dedup(messageId.ToString(CultureInfo.InvariantCulture)),
        Snowflake.ServerId(messageId),
        TimeSpan.FromMilliseconds(options.WindowMs),
        When.NotExists));

    // User ids hold no slash and message ids are digits, so no two of these meet.
    private static RedisKey[] Keys(string principal, string key) => [RedisKeys.Dedup($"{principal}/{key}")];
}
