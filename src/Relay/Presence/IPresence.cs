namespace FastPush.Relay.Presence;

/// <summary>Who is connected. Written by gateways, asked by back ends.</summary>
public interface IPresence
{
    /// <summary>A session of this user opened. Never blocks; a remote store learns of it in the next batch.</summary>
    void Connected(string user, long sessionId);

    /// <summary>A session of this user ended, at <paramref name="unixMs"/>.</summary>
    void Disconnected(string user, long sessionId, long unixMs);

    /// <summary>The user's open sessions over all servers, this server's own among them as soon as <see cref="Connected"/> was
    /// called.</summary>
    ValueTask<int> CountAsync(string user);

    /// <summary>The user's state now.</summary>
    ValueTask<UserPresence> GetAsync(string user);
}

/// <summary>Sessions a user has open, and when the last one ended (Unix ms; null while online or never seen).</summary>
public readonly record struct UserPresence(int Sessions, long? LastSeenMs)
{
    /// <summary>At least one session is open.</summary>
    public bool Online => Sessions > 0;
}
