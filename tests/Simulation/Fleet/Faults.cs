namespace FastPush.Simulation.Fleet;

/// <summary>How bad the network and Redis are at present, as chances in a thousand.</summary>
internal sealed class Faults(Random random)
{
    /// <summary>A call fails at once.</summary>
    public int Refused { get; private set; }

    /// <summary>A call is refused by Redis.</summary>
    public int Failed { get; private set; }

    /// <summary>The relay takes no more for a server.</summary>
    public int RelayFull { get; private set; }

    private int Slow { get; set; }

    private int SlowMs { get; set; } = 1;

    public bool Happens(int chance) => chance > 0 && random.Next(1000) < chance;

    public int Latency() => Happens(Slow) ? random.Next(SlowMs) : random.Next(1, 4);

    /// <summary>Nothing fails from now on.</summary>
    public void Heal() => Refused = Failed = RelayFull = Slow = 0;

    /// <summary>Other chances.</summary>
    public void Change()
    {
        Refused = random.Next(3) == 0 ? random.Next(100) : 0;
        Failed = random.Next(3) == 0 ? random.Next(100) : 0;
        RelayFull = random.Next(3) == 0 ? random.Next(150) : 0;
        Slow = random.Next(2) == 0 ? random.Next(300) : 0;
        SlowMs = random.Next(3) == 0 ? 2500 : 300;
    }

    public override string ToString() => $"refused {Refused}, failed {Failed}, relay full {RelayFull}, slow {Slow} by {SlowMs} ms";
}
