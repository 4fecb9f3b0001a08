using FastPush.Notifications.Publishing;

namespace FastPush.Gateway.Tests.Stores;

public sealed class IdempotencyKeysTests
{
    private const long Window = 1_000;

    private readonly IdempotencyKeys _keys = new(Window, 100);

    // The id that a publish gets which takes no time.
    private long Publish(string principal, string key, long candidateId, long nowMs)
    {
        using var claim = _keys.TryClaim(principal, [key], nowMs, out _)!;
        claim.Done(new Dictionary<string, long> { [key] = candidateId }, nowMs);
        return claim.IdOf(key) ?? candidateId;
    }

    [Fact]
    public void A_key_stands_for_the_first_id_within_its_window_for_one_principal()
    {
        Assert.Equal(1, Publish("alice", "k", 1, 0));
        Assert.Equal(1, Publish("alice", "k", 2, Window - 1));
        Assert.Equal(3, Publish("bob", "k", 3, 0));
        Assert.Equal(4, Publish("alice", "K", 4, 0));
        Assert.Equal(5, Publish("alice", "k", 5, Window));
    }

    [Fact]
    public void What_is_forgotten_takes_no_room()
    {
        Publish("a", "k", 1, 0);
        Publish("a", "l", 2, Window - 1);
        _keys.Sweep(Window);
        Assert.Equal(1, _keys.Count);
        Assert.Equal(2, Publish("a", "l", 9, Window));
        _keys.Sweep(10 * Window);
        Assert.Equal(0, _keys.Count);
        Assert.Equal(7, Publish("a", "l", 7, 10 * Window));
    }

    [Fact]
    public async Task While_a_publish_is_on_its_way_its_keys_are_nobody_elses()
    {
        var claim = _keys.TryClaim("a", ["k", "l"], 0, out var none)!;
        Assert.True(none.IsCompleted);
        Assert.Equal(["k", "l"], claim.Fresh);
        Assert.Null(_keys.TryClaim("a", ["m", "l"], 0, out var other));
        Assert.False(other.IsCompleted);
        using (var free = _keys.TryClaim("a", ["m"], 0, out _))
        {
            Assert.NotNull(free); // None of its keys was taken by the one that has to wait.
        }

        Assert.NotNull(_keys.TryClaim("b", ["k"], 0, out _));
        claim.Done(new Dictionary<string, long> { ["k"] = 1, ["l"] = 2 }, 0);
        await other;
        using var second = _keys.TryClaim("a", ["m", "l"], 0, out _)!;
        Assert.Equal(2, second.IdOf("l"));
        Assert.Equal(["m"], second.Fresh);
    }

    [Fact]
    public async Task A_publish_that_failed_leaves_its_key_to_the_next()
    {
        var claim = _keys.TryClaim("a", ["k"], 0, out _)!;
        Assert.Null(_keys.TryClaim("a", ["k"], 0, out var other));
        claim.Dispose();
        await other;
        Assert.Equal(2, Publish("a", "k", 2, 0));
        claim.Done(new Dictionary<string, long> { ["k"] = 1 }, 0); // Too late.
        Assert.Equal(2, Publish("a", "k", 3, 0));
    }

    [Fact]
    public void Whoever_has_the_most_keys_loses_the_oldest_when_there_is_no_room()
    {
        for (var i = 0; i < 10; i++)
        {
            Publish("mine", $"{i}", i, 0);
        }

        for (var i = 0; i < 2_000; i++)
        {
            Publish("flood", $"{i}", i, 0);
        }

        Assert.InRange(_keys.Count, 80, 100);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(i, Publish("mine", $"{i}", -1, 0));
        }

        Assert.Equal(1_999, Publish("flood", "1999", -1, 0));
        Assert.Equal(-1, Publish("flood", "1900", -1, 0));
    }

    [Fact]
    public void Many_principals_are_bounded_too()
    {
        for (var i = 0; i < 500; i++)
        {
            Publish($"{i}", "k", i, 0);
        }

        Assert.InRange(_keys.Count, 1, 100 / (1 + IdempotencyKeys.KeysPerPrincipal));
        Assert.Equal(499, Publish("499", "k", -1, 0));
    }
}
