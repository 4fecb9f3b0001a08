using FastPush.Relay.Users;

namespace FastPush.Relay.Membership;

/// <summary>
/// Which servers are alive, as this one last heard. A server is named by its id, and by its token when one life of it is meant:
/// <c>17.1732181234</c>, the id and the epoch in which that process started.
/// </summary>
public interface IMembers
{
    /// <summary>This process's token.</summary>
    string Self { get; }

    /// <summary>Tokens of the living, this one among them, each between commas: <c>,3.17,17.42,</c>.</summary>
    string Alive { get; }

    /// <summary>The store's clock, in Unix milliseconds, by the last heart-beat; behind it by a network's way, never ahead of it.</summary>
    /// <exception cref="StoreUnavailableException">As <see cref="Alive"/>.</exception>
    long StoreNowMs { get; }

    /// <summary>
    /// A server that stood still knows of the others what it knew before. If that is too old, asks now, and ends with the answer, or
    /// without one after so many milliseconds. Does not fail.
    /// </summary>
    Task RefreshAsync(int withinMs);

    /// <summary>A server with that id is alive.</summary>
    bool IsAlive(int serverId);
}
