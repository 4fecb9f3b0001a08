using FastPush.Gateway.Tests.Testing;
using FastPush.Relay.Presence;

namespace FastPush.Gateway.Tests.Stores;

public sealed class MemoryPresenceTests
{
    private readonly MemoryPresence _presence = new(3);

    private UserPresence Of(string user) => Completed.Of(_presence.GetAsync(user));

    [Fact]
    public void A_user_is_online_while_a_session_is_open()
    {
        Assert.Equal(new UserPresence(0, null), Of("a"));
        _presence.Connected("a", 1);
        _presence.Connected("a", 2);
        Assert.Equal(new UserPresence(2, null), Of("a"));
        _presence.Disconnected("a", 1, 100);
        Assert.True(Of("a").Online);
        _presence.Disconnected("a", 2, 200);
        Assert.Equal(new UserPresence(0, 200), Of("a"));
        Assert.False(Of("a").Online);
        _presence.Connected("a", 3);
        Assert.Equal(new UserPresence(1, null), Of("a"));
    }

    [Fact]
    public void Who_left_is_remembered_for_as_many_as_it_holds_and_at_most_twice_as_many()
    {
        for (var i = 0; i < 100; i++)
        {
            _presence.Connected($"u{i}", i);
            _presence.Disconnected($"u{i}", i, i);
        }

        var remembered = Enumerable.Range(0, 100).Count(i => Of($"u{i}").LastSeenMs is not null);
        Assert.InRange(remembered, 3, 6);
        Assert.Equal(99, Of("u99").LastSeenMs);
        Assert.Equal(97, Of("u97").LastSeenMs);
    }
}
