using FastPush.Gateway.Limits;

namespace FastPush.Gateway.Tests.Limits;

public sealed class UserTableTests
{
    private readonly UserTable _users = new();

    [Fact]
    public void Sessions_of_one_user_share_one_state()
    {
        var first = _users.Enter("alice");
        Assert.Same(first, _users.Enter("alice"));
        Assert.NotSame(first, _users.Enter("Alice"));
        Assert.Equal((2, 2), (first.Sessions, _users.Count));
    }

    [Fact]
    public void A_user_is_forgotten_when_the_last_session_is_gone_and_the_bucket_is_full()
    {
        var user = _users.Enter("alice");
        Assert.True(user.Bucket.TryTake(1, 10, 1));
        _users.Sweep(1_000_000);
        Assert.Equal(1, _users.Count);
        _users.Leave(user);
        _users.Sweep(500);
        Assert.Equal(1, _users.Count);
        _users.Sweep(1_001);
        Assert.Equal(0, _users.Count);
    }

    [Fact]
    public void Who_has_no_session_is_limited_too_and_told_for_how_long()
    {
        Assert.True(_users.TryTake("bob", 1, 3, 1, 3, out var wait));
        Assert.Equal(0, wait);
        Assert.False(_users.TryTake("bob", 1, 3, 1, 1, out wait));
        Assert.InRange(wait, 1_000, 1_001);
        Assert.False(_users.Enter("bob").Bucket.TryTake(1, 3, 1));
        Assert.True(_users.TryTake("bob", 1 + wait, 3, 1, 1, out _));
    }
}
