namespace FastPush.Cluster.Tests.Testing;

/// <summary>What Redis holds for a user, by the names of keys that are fixed.</summary>
internal static class StoredMessages
{
    /// <summary>Waits until so many messages wait for a user whom no node has.</summary>
    public static Task OfflineAsync(this FleetFixture fixture, string user, int count) => fixture.Redis.OfflineAsync(user, count);

    /// <inheritdoc cref="OfflineAsync(FleetFixture, string, int)"/>
    public static Task OfflineAsync(this RedisServer redis, string user, int count) => Deadline.Until(
        async () => (long)(await redis.CommandAsync("LLEN", $"push:offline:{{{user}}}"))! == count,
        what: $"{count} messages wait for {user}");

    /// <summary>Waits until so many messages of a user are stored as being with some node.</summary>
    public static Task InFlightAsync(this RedisServer redis, string user, int count) => Deadline.Until(
        async () => (long)(await redis.CommandAsync("HLEN", $"push:inflight:{{{user}}}"))! == 2 * count, // Each with its owners.
        what: $"{count} messages of {user} are with a node");

    /// <summary>Waits until nothing is stored for a user: all is settled.</summary>
    public static Task NothingLeftAsync(this FleetFixture fixture, string user) => fixture.Redis.NothingLeftAsync(user);

    /// <inheritdoc cref="NothingLeftAsync(FleetFixture, string)"/>
    public static Task NothingLeftAsync(this RedisServer redis, string user) => Deadline.Until(
        async () => (long)(await redis.CommandAsync("EXISTS", $"push:offline:{{{user}}}"))! == 0
            && (long)(await redis.CommandAsync("EXISTS", $"push:inflight:{{{user}}}"))! == 0,
        what: $"nothing is stored for {user}");
}
