using FastPush.Gateway.Limits;

namespace FastPush.Simulation;

/// <summary>Connections that never show a token, and hold descriptors as long as they may.</summary>
internal sealed class Strangers(World world)
{
    private readonly List<Stranger> _strangers = [];

    private ConnectionTable Table => world.Node.Connections;

    /// <summary>A connection is accepted. There is a place for each, since the one that has to go for it goes.</summary>
    public ConnectionEntry Enter() =>
        Table.TryEnter(world.Node.Clock.NowMs) ?? throw new SimulationException("a newcomer was refused though strangers were there");

    /// <summary>Some come, some leave by themselves; now and then the system has no descriptor.</summary>
    public void Act()
    {
        var random = world.Random;
        var coming = random.Next(8);
        world.Journal.Note($"{coming} strangers come to {_strangers.Count}");
        for (var i = 0; i < coming; i++)
        {
            var stranger = new Stranger(this, Enter());
            _strangers.Add(stranger);
            stranger.Begin();
        }

        if (random.Next(4) == 0)
        {
            world.Journal.Note("no descriptor is left");
            Table.EvictForDescriptor(world.Node.Clock.NowMs);
        }

        if (_strangers.Count > 0 && random.Next(3) == 0)
        {
            _strangers[random.Next(_strangers.Count)].Evict();
        }
    }

    /// <summary>The counts are those of what is there.</summary>
    public void Check()
    {
        var users = world.Connections.Count(c => !c.IsFinished);
        if (Table.Count != users + _strangers.Count || Table.Unproven > Table.Bounds.Unproven || Table.Proven > users)
        {
            world.Fail($"{Table.Count} connections are counted, {Table.Proven} proven and {Table.Unproven} not; "
                + $"{users} of users and {_strangers.Count} of strangers are there");
        }
    }

    public void LeaveAll()
    {
        foreach (var stranger in _strangers.ToList())
        {
            stranger.Evict();
        }
    }

    private sealed class Stranger(Strangers all, ConnectionEntry entry) : IConnectionOwner
    {
        public void Begin() => entry.Begin(this);

        public void Evict()
        {
            entry.Leave();
            all._strangers.Remove(this);
        }
    }
}
