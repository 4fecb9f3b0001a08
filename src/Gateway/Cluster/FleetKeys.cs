using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Ids;
using FastPush.Relay.Dedup;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Idempotency keys over all servers: claimed before a publish, confirmed when it is stored. While Redis is away each server remembers its
/// own (<see cref="Notifications.Publishing.IdempotencyKeys"/>): a repetition on another one may then be published twice.
/// </summary>
internal sealed class FleetKeys(Node node, DedupStore store)
{
    // Longer than storing takes with its second try, by the default time-outs; a server that is silent for so long is soon known as dead.
    private const int WaitMs = 3_000;
    private const int FirstLookMs = 10;
    private const int LastLookMs = 160;

    /// <summary>
    /// For each key the id that a message has to use, and whether that was published before; null when Redis is away. Waits for a publish
    /// of another server. A claim whose server does not come to an end with it is published again under its id, which stores a user's
    /// message once. A publish of this server is not waited for: of a principal's key there is one at a time here.
    /// </summary>
    public async Task<Dictionary<string, DedupClaim>?> ClaimAsync(string principal, IReadOnlyCollection<string> keys)
    {
        var claims = new Dictionary<string, DedupClaim>(StringComparer.Ordinal);
        try
        {
            // In one order everywhere, so that no two servers wait for each other.
            foreach (var key in keys.Order(StringComparer.Ordinal))
            {
                claims[key] = await ClaimAsync(principal, key);
            }

            return claims;
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed();
            return null;
        }
    }

    /// <summary>The publish is stored, or was refused. Never fails: an unconfirmed claim runs out by itself.</summary>
    public async Task EndAsync(string principal, Dictionary<string, DedupClaim> claims, bool isStored)
    {
        try
        {
            foreach (var (key, claim) in claims)
            {
                if (claim.State != DedupState.Done)
                {
                    await (isStored
                        ? store.ConfirmAsync(principal, key, claim.MessageId)
                        : store.ForgetAsync(principal, key, claim.MessageId));
                }
            }
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed();
        }
    }

    private async Task<DedupClaim> ClaimAsync(string principal, string key)
    {
        var endMs = node.Clock.NowMs + WaitMs;
        for (var lookMs = FirstLookMs; ; lookMs = Math.Min(lookMs * 2, LastLookMs))
        {
            var claim = await store.ClaimAsync(principal, key, node.Ids.Next(node.Clock.UnixMs));
            if (claim.State != DedupState.Pending || !IsOnItsWay(claim.MessageId) || node.Clock.NowMs >= endMs)
            {
                return claim;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(lookMs), node.Clock.Provider);
        }
    }

    private bool IsOnItsWay(long messageId) =>
        node.Cluster is { } cluster
        && Snowflake.ServerId(messageId) is var server
        && server != cluster.ServerId
        && cluster.IsAlive(server);
}
