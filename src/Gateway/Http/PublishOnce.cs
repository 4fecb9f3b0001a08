using FastPush.Gateway.Cluster;
using FastPush.Gateway.Limits;
using FastPush.Notifications.Publishing;
using FastPush.Relay.Dedup;

namespace FastPush.Gateway.Http;

/// <summary>
/// Publishes what comes under one idempotency key once. An id is given out only when its message is safe: requests that come with the same
/// key meanwhile wait for the outcome of the first and share it, and when it has failed, one of them publishes.
/// </summary>
internal sealed class PublishOnce(Node node, IdempotencyKeys keys, HttpPublisher publisher)
{
    /// <summary>Longest wait for another request with the same key. A publish itself is over sooner: its store has time-outs.</summary>
    public const int WaitMs = 5_000;

    /// <summary>The ids in order, or why not; an empty text when there was no room.</summary>
    public async Task<(long[]? Ids, string Refusal)> PublishAsync(User user, IReadOnlyList<PublishRequest> requests)
    {
        var principal = user.Id;
        using var claim = await ClaimAsync(principal, [.. requests.Select(r => r.IdempotencyKey).OfType<string>().Distinct()]);
        if (claim is null)
        {
            return (null, "Another request with the same idempotency key is on its way. Ask again for its outcome.");
        }

        var cluster = node.Cluster;
        var fleet = cluster is null ? null : await cluster.Keys.ClaimAsync(principal, claim.Fresh);
        var plan = Plan(requests, claim, fleet, out var ids);
        var (published, refusal) = await StoreAsync(user, requests, plan, cluster);

        // What the store refused it may have all the same: the fleet's claim stays, and a repetition goes under the same id.
        if (cluster is not null && fleet is not null && (published is null || refusal is null))
        {
            await cluster.Keys.EndAsync(principal, fleet, isStored: refusal is null);
        }

        if (refusal is null)
        {
            claim.Done(ids, node.Clock.NowMs);
        }

        return (refusal is null ? published : null, refusal ?? "");
    }

    private async Task<KeyClaim?> ClaimAsync(string principal, string[] names)
    {
        var endMs = node.Clock.NowMs + WaitMs;
        while (true)
        {
            var nowMs = node.Clock.NowMs;
            if (keys.TryClaim(principal, names, nowMs, out var other) is { } claim)
            {
                return claim;
            }

            if (nowMs >= endMs)
            {
                return null;
            }

            var wait = Task.Delay(TimeSpan.FromMilliseconds(endMs - nowMs), node.Clock.Provider);
            await Task.WhenAny(other, wait);
        }
    }

    // For each request the id that it has to use, and whether that was published before. The ids by key come to ids.
    private DedupClaim[] Plan(
        IReadOnlyList<PublishRequest> requests, KeyClaim claim, Dictionary<string, DedupClaim>? fleet, out Dictionary<string, long> ids)
    {
        var plan = new DedupClaim[requests.Count];
        ids = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < plan.Length; i++)
        {
            if (requests[i].IdempotencyKey is not { } key)
            {
                continue;
            }

            if (ids.TryGetValue(key, out var first))
            {
                plan[i] = new DedupClaim(first, DedupState.Done); // Twice in one batch.
                continue;
            }

            plan[i] = claim.IdOf(key) is { } known ? new DedupClaim(known, DedupState.Done)
                : fleet is not null ? fleet[key]
                : new DedupClaim(node.Ids.Next(node.Clock.UnixMs), DedupState.New);
            ids[key] = plan[i].MessageId;
        }

        return plan;
    }

    private async Task<(long[]? Published, string? Refusal)> StoreAsync(
        User user, IReadOnlyList<PublishRequest> requests, DedupClaim[] plan, ClusterNode? cluster)
    {
        var acceptance = cluster is null ? null : new RequestAcceptance();
        var published = publisher.Publish(user, requests, plan, acceptance);
        acceptance?.Done();
        var refused = acceptance is null ? null : await acceptance.Task;
        return (published, refused ?? (published is null ? "" : null));
    }
}
