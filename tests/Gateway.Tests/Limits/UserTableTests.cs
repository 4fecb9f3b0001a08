using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Limits;

public sealed class UserTableTests
{
    private readonly UserTable _users = new(new MemoryAccount(1 << 20), 1 << 16);

    private static Principal Of(string user, double perSecond = 1) => new(user, long.MaxValue, Acl.None, new RateClaim(10, perSecond), []);

    [Fact]
    public void Sessions_of_one_user_share_one_state()
    {
        var first = _users.Enter(Of("alice"));
        Assert.Same(first, _users.Enter(Of("alice")));
        Assert.NotSame(first, _users.Enter(Of("Alice")));
        Assert.Equal((2, 2), (first.Sessions, _users.Count));
    }

    [Fact]
    public void A_user_is_forgotten_when_the_last_session_is_gone_and_the_bucket_is_full()
    {
        var user = _users.Enter(Of("alice"));
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
        Assert.False(_users.Enter(Of("bob")).Bucket.TryTake(1, 3, 1));
        Assert.True(_users.TryTake("bob", 1 + wait, 3, 1, 1, out _));
    }

    [Fact]
    public void Who_answers_for_something_is_not_forgotten()
    {
        var user = _users.Enter(Of("alice"));
        user.Add(100);
        _users.Leave(user);
        _users.Sweep(1_000_000);
        Assert.Equal(1, _users.Count);
        Assert.Same(user, _users.Enter(Of("alice")));
        _users.Leave(user);
        user.Remove(100);
        _users.Sweep(1_000_000);
        Assert.Equal(0, _users.Count);
    }

    [Fact]
    public void A_back_end_without_a_rate_has_no_bound_of_its_own()
    {
        Assert.Equal(1 << 16, _users.Enter(Of("alice")).BytesMax);
        var backEnd = _users.Enter(Of("back end", perSecond: 0));
        Assert.Equal(long.MaxValue, backEnd.BytesMax);
        Assert.True(backEnd.TryTake(1 << 17));
        Assert.False(backEnd.TryTake(1 << 20));
        backEnd.GiveBack(1 << 17);
    }
}
