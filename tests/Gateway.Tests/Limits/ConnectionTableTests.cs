using FastPush.Gateway.Limits;
using FastPush.Gateway.Options;

namespace FastPush.Gateway.Tests.Limits;

public sealed class ConnectionTableTests
{
    private readonly ConnectionTable _table = new(new ConnectionBounds(Proven: 8, Unproven: 4));

    private sealed class Owner : IConnectionOwner
    {
        public int Evictions { get; private set; }

        public ConnectionEntry? Entry { get; set; }

        public void Evict() => Evictions++;
    }

    private Owner Enter()
    {
        var owner = new Owner { Entry = _table.TryEnter(1) };
        owner.Entry!.Begin(owner);
        return owner;
    }

    private Owner EnterProven()
    {
        var owner = Enter();
        Assert.True(owner.Entry!.TryProve());
        return owner;
    }

    [Theory]
    [InlineData(1000, 0, 384, 100_000, 1000, 250)]
    [InlineData(1000, 0, 384, 1024, 608, 152)] // The descriptors are the bound.
    [InlineData(1000, 50, 384, 1024, 608, 50)]
    [InlineData(1000, 5000, 384, 1024, 608, 624)]
    [InlineData(20, 0, 384, 1024, 20, 16)]
    [InlineData(1000, 0, 384, 10, 1, 16)]
    public void Descriptors_in_reserve_are_nobodys(
        int connections, int wishedUnproven, int reserved, long descriptors, int proven, int unproven)
    {
        var limits = new LimitOptions
        {
            Connections = connections,
            UnprovenConnections = wishedUnproven,
            ReservedDescriptors = reserved,
        };
        Assert.Equal(new ConnectionBounds(proven, unproven), ConnectionBounds.Of(limits, descriptors));
    }

    [Fact]
    public void The_oldest_stranger_goes_for_a_newcomer()
    {
        Owner[] strangers = [.. Enumerable.Range(0, 4).Select(_ => Enter())];
        Assert.Equal((4, 4), (_table.Count, _table.Unproven));
        var next = Enter();
        Assert.Equal([1, 0, 0, 0], strangers.Select(s => s.Evictions));
        Assert.Equal((5, 4), (_table.Count, _table.Unproven)); // It counts until it is closed.
        strangers[0].Entry!.Leave();
        strangers[0].Entry!.Leave();
        Assert.Equal((4, 4, 1), (_table.Count, _table.Unproven, _table.Evictions));
        Assert.Equal(0, next.Evictions);
    }

    [Fact]
    public void Who_has_proved_who_they_are_stay()
    {
        var user = EnterProven();
        for (var i = 0; i < 100; i++)
        {
            var stranger = Enter();
            Assert.True(stranger.Evictions == 0 && user.Evictions == 0);
            _table.EvictForDescriptor(1);
            Assert.Equal(1, stranger.Evictions);
            Assert.False(stranger.Entry!.TryProve()); // Too late.
            stranger.Entry.Leave();
        }

        Assert.Equal((1, 1, 0), (_table.Count, _table.Proven, _table.Unproven));
    }

    [Fact]
    public void A_node_full_of_users_takes_strangers_yet_but_no_further_user()
    {
        Owner[] users = [.. Enumerable.Range(0, 8).Select(_ => EnterProven())];
        var late = Enter();
        Assert.False(late.Entry!.TryProve());
        Assert.Equal((9, 8, 1), (_table.Count, _table.Proven, _table.Unproven));
        users[3].Entry!.Leave();
        Assert.True(late.Entry.TryProve());
        Assert.True(late.Entry.TryProve());
    }

    [Fact]
    public void What_is_closing_is_bounded_too()
    {
        var most = _table.Bounds.Total + ConnectionBounds.Spare;
        for (var i = 0; i < most; i++)
        {
            Enter();
        }

        Assert.False(_table.HasRoom);
        Assert.Null(_table.TryEnter(1));
        Assert.Equal((most, 4, 1), (_table.Count, _table.Unproven, _table.Refusals));
    }

    [Fact]
    public void A_connection_that_went_on_to_another_owner_is_evicted_by_that_one()
    {
        var first = Enter();
        var second = new Owner();
        first.Entry!.PassTo(second);
        first.Entry.Begin(first); // As when the first one's thread is late.
        _table.EvictForDescriptor(1);
        Assert.Equal((0, 1), (first.Evictions, second.Evictions));
        var third = new Owner();
        first.Entry.PassTo(third); // It went on before it was told.
        Assert.Equal(1, third.Evictions);
    }

    [Fact]
    public void A_want_of_descriptors_is_told_once_a_minute()
    {
        Assert.True(_table.EvictForDescriptor(1));
        Assert.False(_table.EvictForDescriptor(60_000));
        Assert.True(_table.EvictForDescriptor(60_001));
    }

    [Fact]
    public void A_proven_connection_may_let_go_of_its_entry()
    {
        Assert.True(Enter().Entry!.TryProve());
        _table.Leave(null);
        Assert.Equal((0, 0), (_table.Count, _table.Proven));
    }

    [Fact]
    public void Who_waits_for_room_is_called_once_when_a_connection_closes_or_at_a_tick()
    {
        var calls = 0;
        var user = EnterProven();
        _table.WhenRoom(() => calls++);
        user.Entry!.Leave();
        Assert.Equal(1, calls);
        _table.WhenRoom(() => calls++);
        _table.Retry();
        _table.Retry();
        Assert.Equal(2, calls);
    }
}
