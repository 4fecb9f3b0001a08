namespace FastPush.Simulation.Fleet;

/// <summary>One subscription as its client sees it.</summary>
internal sealed class FleetSubscription(string id, string shown, string ack, int habit)
{
    public string Id { get; } = id;

    public string Shown { get; } = shown;

    public string Ack { get; } = ack;

    public bool IsAuto => Ack == "auto";

    /// <summary>Of a hundred messages it acknowledges so many at once.</summary>
    public int Habit { get; } = habit;

    public bool IsEnded { get; set; }

    /// <summary>Messages that came, and how often.</summary>
    public Dictionary<FleetMessage, int> Seen { get; } = [];

    /// <summary>What has yet to be acknowledged: the message and its ack header, in the order of their first coming.</summary>
    public OrderedDictionary<FleetMessage, string> Open { get; } = [];

    /// <summary>Behind which position of the connection no message may come again, since its ACK was processed.</summary>
    public Dictionary<FleetMessage, long> AckedAt { get; } = [];

    /// <summary>The newest first delivery of each publisher.</summary>
    public Dictionary<FleetConnection, int> Newest { get; } = [];

    public override string ToString() => $"{Id} of {Shown}, {Ack}";
}
