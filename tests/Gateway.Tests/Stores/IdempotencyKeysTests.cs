using FastPush.Notifications.Publishing;

namespace FastPush.Gateway.Tests.Stores;

public sealed class IdempotencyKeysTests
{
    private const long Window = 1_000;

    private readonly IdempotencyKeys _keys = new(Window, 100);

    [Fact]
    public void A_key_stands_for_the_first_id_within_its_window_for_one_principal()
    {
        Assert.Equal(1, _keys.GetOrAdd("alice", "k", 1, 0));
        Assert.Equal(1, _keys.GetOrAdd("alice", "k", 2, Window - 1));
        Assert.Equal(3, _keys.GetOrAdd("bob", "k", 3, 0));
        Assert.Equal(4, _keys.GetOrAdd("alice", "K", 4, 0));
    }

    [Fact]
    public void It_is_kept_for_one_window_at_least_wherever_in_it_it_came()
    {
        _keys.GetOrAdd("a", "start", 1, 0);
        _keys.GetOrAdd("a", "late", 2, Window - 1);
        Assert.Equal(2, _keys.GetOrAdd("a", "late", 9, (2 * Window) - 2));
    }

    [Fact]
    public void It_is_forgotten_after_two_windows_also_when_nothing_came_meanwhile()
    {
        _keys.GetOrAdd("a", "k", 1, 0);
        Assert.Equal(2, _keys.GetOrAdd("a", "k", 2, 10 * Window));
    }

    [Fact]
    public void A_publish_that_was_refused_may_be_repeated()
    {
        _keys.GetOrAdd("a", "k", 1, 0);
        _keys.Forget("a", "k");
        Assert.Equal(2, _keys.GetOrAdd("a", "k", 2, 0));
        _keys.Forget("nobody", "k");
    }

    [Fact]
    public void A_flood_of_keys_shortens_the_memory()
    {
        for (var i = 0; i < 250; i++)
        {
            _keys.GetOrAdd("a", $"{i}", i, 0);
        }

        Assert.Equal(249, _keys.GetOrAdd("a", "249", -1, 0));
        Assert.Equal(120, _keys.GetOrAdd("a", "120", -1, 0));
        Assert.Equal(-1, _keys.GetOrAdd("a", "0", -1, 0));
    }
}
