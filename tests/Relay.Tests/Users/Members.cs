using FastPush.Relay.Membership;

namespace FastPush.Relay.Tests.Users;

/// <summary>A fleet whose living the test names.</summary>
internal sealed class Members(string self) : IMembers
{
    public string Self => self;

    public string Alive { get; set; } = ",1.1,2.1,3.1,";

    /// <summary>The clocks of the test and of its Redis are one.</summary>
    public long StoreNowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public Task RefreshAsync(int withinMs) => Task.CompletedTask;

    public bool IsAlive(int serverId) => Alive.Contains($",{serverId}.", StringComparison.Ordinal);
}
