namespace FastPush.Redis.Testing;

/// <summary>How a <see cref="RedisServer"/> is set up; as given here it has no password, keeps nothing on disk and stands alone.</summary>
public sealed record RedisSettings
{
    /// <summary>Needed to log in: as Redis' own user <c>default</c>, or as <see cref="User"/>.</summary>
    public string? Password { get; init; }

    /// <summary>An ACL user that may do everything; <c>default</c> is off then.</summary>
    public string? User { get; init; }

    /// <summary>TLS with a certificate of its own, and no plain port.</summary>
    public bool Tls { get; init; }

    /// <summary>What was answered survives a kill: an append-only file, written to disk before each answer.</summary>
    public bool AppendOnly { get; init; }

    /// <summary>Redis' own spelling, such as <c>4mb</c>; null = no bound.</summary>
    public string? MaxMemory { get; init; }

    /// <summary>What to do at the bound; <c>noeviction</c> refuses writes.</summary>
    public string MaxMemoryPolicy { get; init; } = "noeviction";

    /// <summary>The primary, of which this is a replica that refuses writes. It must be running.</summary>
    public RedisServer? ReplicaOf { get; init; }

    /// <summary>A node of a Redis Cluster.</summary>
    public bool Cluster { get; init; }

    /// <summary>Further lines of redis.conf.</summary>
    public IReadOnlyList<string> More { get; init; } = [];
}
