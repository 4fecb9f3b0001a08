using FastPush.Gateway.Http;
using FastPush.Gateway.Telemetry;
using FastPush.Relay.Dedup;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Idempotency keys over all servers: claimed before a publish, confirmed when it is stored. While Redis is away each server remembers its
/// own (<see cref="Notifications.Publishing.IdempotencyKeys"/>): a repetition on another one may then be published twice.
/// </summary>
internal sealed class FleetKeys(Node node, DedupStore store)
{
    /// <summary>
    /// For each request with a key the id that it has to use, and whether that was published before; null when Redis is away. A claim that
    /// nobody confirmed is published again under its id, which stores a user's message once.
    /// </summary>
    public async Task<DedupClaim[]?> ClaimAsync(string principal, IReadOnlyList<PublishRequest> requests)
    {
        var claims = new DedupClaim[requests.Count];
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        try
        {
            for (var i = 0; i < requests.Count; i++)
            {
                if (requests[i].IdempotencyKey is not { } key)
                {
                    continue;
                }

                claims[i] = seen.TryGetValue(key, out var id)
                    ? new DedupClaim(id, DedupState.Done)
                    : await store.ClaimAsync(principal, key, node.Ids.Next(node.Clock.UnixMs));
                seen[key] = claims[i].MessageId;
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
    public async Task EndAsync(string principal, IReadOnlyList<PublishRequest> requests, DedupClaim[] claims, bool isStored)
    {
        try
        {
            for (var i = 0; i < claims.Length; i++)
            {
                if (requests[i].IdempotencyKey is { } key && claims[i].State != DedupState.Done)
                {
                    await (isStored
                        ? store.ConfirmAsync(principal, key, claims[i].MessageId)
                        : store.ForgetAsync(principal, key, claims[i].MessageId));
                }
            }
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed();
        }
    }
}
