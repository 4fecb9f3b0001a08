namespace FastPush.Load.Control;

/// <summary>Who publishes what to whom.</summary>
internal enum Pattern
{
    /// <summary>Topics that all subscribers share out among them.</summary>
    Shared,

    /// <summary>Each subscriber has a destination of its own.</summary>
    Own,

    /// <summary>As <see cref="Own"/>, and each belongs to a group of ten with a destination.</summary>
    Groups,
}

/// <summary>One run's parameters: what the command line says, with the scenario's defaults.</summary>
internal sealed record LoadOptions
{
    public required string Scenario { get; init; }

    public IReadOnlyList<Target> Targets { get; init; } = [];

    /// <summary>Where publishers connect; null is where their process's subscribers do.</summary>
    public Target? PublishTarget { get; init; }

    /// <summary>HOST:PORT of the Redis that the targets share, whose commands are counted; null counts none.</summary>
    public Target? Redis { get; init; }

    /// <summary>The one of <see cref="Scenarios.Shapes"/> that relay measures; empty is all.</summary>
    public string Shape { get; init; } = "";

    public Pattern Pattern { get; init; }

    public bool HasTraffic { get; init; } = true;

    public int Connections { get; init; } = 1000;

    public int Publishers { get; init; } = 1;

    public int Topics { get; init; } = 1;

    /// <summary>Payload bytes.</summary>
    public int Size { get; init; } = 128;

    /// <summary>Messages a second in total; 0 is the closed loop of <see cref="Window"/>.</summary>
    public double Rate { get; init; }

    /// <summary>Messages that may be on their way in the closed loop.</summary>
    public int Window { get; init; } = 16;

    public double DurationSeconds { get; init; } = 5;

    /// <summary>Traffic of few connections before the run proper, so that the server's compiler has its work behind it.</summary>
    public double PrewarmSeconds { get; init; } = 2;

    public double WarmupSeconds { get; init; } = 2;

    public double SettleSeconds { get; init; } = 1;

    public double DrainSeconds { get; init; } = 5;

    public int Processes { get; init; } = 1;

    /// <summary>Source addresses 127.0.0.2, .3, … that connections are spread over; 0 leaves the choice to the kernel.</summary>
    public int Sources { get; init; }

    /// <summary>Connections begun a second in total; 0 is no limit but <see cref="InFlight"/>.</summary>
    public double ConnectRate { get; init; }

    /// <summary>Handshakes at once, per process.</summary>
    public int InFlight { get; init; } = 128;

    public double ConnectTimeoutSeconds { get; init; } = 20;

    public bool SubscribeBySse { get; init; }

    public bool PublishByHttp { get; init; }

    /// <summary>Folder of key and tokens; null sends no token.</summary>
    public string? KeyFolder { get; init; }

    public string SharedDestination { get; init; } = "/topic/bench.{n}";

    public string OwnDestination { get; init; } = "/topic/u.{n}";

    /// <summary>Where <see cref="OwnDestination"/> is sent to, when that is another name.</summary>
    public string? OwnSendTo { get; init; }

    public string GroupDestination { get; init; } = "/topic/g.{n}";

    /// <summary>Heart-beats of both sides in ms; 0 is none.</summary>
    public int HeartBeatMs { get; init; }

    public string AckMode { get; init; } = "auto";

    public int Prefetch { get; init; } = 64;

    /// <summary>One subscriber in so many does not read; 0 is none.</summary>
    public int SlowEvery { get; init; }

    /// <summary>What a slow reader reads a second; 0 is nothing at all.</summary>
    public int SlowBytesPerSecond { get; init; }

    /// <summary>Subscribers per target that stay and are measured while all others drop; they have a process each.</summary>
    public int Observers { get; init; }

    public double ObserverRate { get; init; } = 200;

    /// <summary>Processes to account for; null looks for who listens on the targets' ports.</summary>
    public IReadOnlyList<int>? ServerPids { get; init; }

    public string? JsonPath { get; init; }

    public string Label { get; init; } = "";

    public bool UsesTls => Targets.Any(target => target.IsTls);

    public bool UsesTokens => KeyFolder is not null;

    /// <summary>Main processes and those of the observers.</summary>
    public int ProcessCount => Processes + (Observers > 0 ? Targets.Count : 0);
}

/// <summary>A server's HTTP endpoint: IPv4 address in host order, port, path of the WebSocket, text of the Host header.</summary>
internal sealed record Target(uint Address, ushort Port, string Path, string Host, bool IsTls = false)
{
    public bool IsLoopback => Address >> 24 == 127;
}
