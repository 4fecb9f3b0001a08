namespace FastPush.Simulation.Fleet;

/// <summary>A message to a user's queue, or to a topic, and what is known of it.</summary>
internal sealed class FleetMessage(FleetConnection publisher, int number, string? user, string destination, string shown)
{
    /// <summary>Names it in its body.</summary>
    public string Key { get; } = $"{publisher}/{number}";

    /// <summary>It entered by this connection.</summary>
    public FleetConnection Publisher { get; } = publisher;

    /// <summary>Its place among those of its publisher's connection.</summary>
    public int Number { get; } = number;

    public string? User { get; } = user;

    /// <summary>Where it was sent to.</summary>
    public string Destination { get; } = destination;

    /// <summary>Under which name it arrives.</summary>
    public string Shown { get; } = shown;

    /// <summary>0 while it is not known.</summary>
    public long Id { get; set; }

    /// <summary>Its publisher has the RECEIPT.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>A client has it that acknowledges by itself, or has sent its ACK.</summary>
    public bool IsDone { get; set; }

    public override string ToString() => $"{Key} for {Destination} ({Id})";
}
