namespace FastPush.Cluster.Tests.Testing;

/// <summary>What Redis holds for a user, by the names of keys that are fixed.</summary>
internal static class StoredMessages
{
    /// <summary>Waits until so many messages wait for a user whom no node has.</summary>
    public static Task OfflineAsync(this FleetFixture fixture, string user, int count) => fixture.Redis.OfflineAsync(user, count);

    /// <inheritdoc cref="OfflineAsync(FleetFixture, string, int)"/>
    public static Task OfflineAsync(this RedisServer redis, string user, int count) => Deadline.Until(
        async () => await CountAsync(redis, "LLEN", "offline", user) == count,
        what: $"{count} messages wait for {user}");

    /// <summary>Waits until so many messages of a user are stored as being with some node.</summary>
    public static Task InFlightAsync(this RedisServer redis, string user, int count) => Deadline.Until(
        async () => await CountAsync(redis, "HLEN", "inflight", user) == count,
        what: $"{count} messages of {user} are with a node");

    /// <summary>Waits until nothing is stored for a user: all is settled.</summary>
    public static Task NothingLeftAsync(this FleetFixture fixture, string user) => fixture.Redis.NothingLeftAsync(user);

    /// <inheritdoc cref="NothingLeftAsync(FleetFixture, string)"/>
    public static Task NothingLeftAsync(this RedisServer redis, string user) => Deadline.Until(
        async () => await CountAsync(redis, "LLEN", "offline", user) == 0 && await CountAsync(redis, "HLEN", "inflight", user) == 0,
        what: $"nothing is stored for {user}");

    // Over all the user's queues.
    private static async Task<long> CountAsync(RedisServer redis, string command, string part, string user)
    {
        var count = 0L;
        foreach (var key in (object?[])(await redis.CommandAsync("KEYS", $"push:{part}:{{{user}}}:*"))!)
        {
            count += (long)(await redis.CommandAsync(command, (string)key!))!;
        }

        return count;
    }
}
