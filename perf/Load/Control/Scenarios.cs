namespace FastPush.Load.Control;

/// <summary>The scenarios: defaults, and the variants that are measured in one run.</summary>
internal static class Scenarios
{
    private const int PrewarmConnections = 100;
    private const int TopicShare = 40;

    private static readonly LoadOptions s_fanout = new() { Scenario = "fanout", Pattern = Pattern.Shared, Rate = 50 };

    private static readonly LoadOptions s_direct = new()
    {
        Scenario = "direct",
        Pattern = Pattern.Own,
        Connections = 2000,
        Publishers = 4,
        Rate = 10_000,
    };

    private static readonly LoadOptions s_groups = new()
    {
        Scenario = "groups",
        Pattern = Pattern.Groups,
        Connections = 2000,
        Publishers = 4,
        Rate = 2000,
        Size = 100,
    };

    private static readonly LoadOptions[] s_all =
    [
        new() { Scenario = "idle", Pattern = Pattern.Own, HasTraffic = false, Connections = 10_000, SettleSeconds = 3, PrewarmSeconds = 0 },
        s_fanout,
        s_direct,
        s_groups,
        s_direct with { Scenario = "storm", Connections = 5000, Rate = 1000, Sources = 4, Observers = 100 },
        s_fanout with { Scenario = "slow-readers", SlowEvery = 100, Connections = 500, Rate = 80, Size = 8192, DurationSeconds = 8 },
        s_fanout with { Scenario = "ack", Connections = 500, Rate = 20, AckMode = "client-individual" },
        s_groups with
        {
            Scenario = "node50k",
            Connections = 50_000,
            Processes = 3,
            Sources = 12,
            Observers = 100,
            ObserverRate = 300,
            HeartBeatMs = 25_000,
            Rate = 1000,
            DurationSeconds = 20,
            ConnectTimeoutSeconds = 60,
            PrewarmSeconds = 0,
        },
        s_groups with { Scenario = "relay", Connections = 1000, Rate = 1000, SettleSeconds = 3 },
    ];

    public static IEnumerable<string> Names => s_all.Select(s => s.Scenario);

    /// <summary>What <c>relay</c> measures one after the other.</summary>
    public static string[] Shapes { get; } = ["topic", "direct", "groups"];

    /// <summary>One shape of <c>relay</c>: a topic of all, each user's queue, or own channels and groups of ten.</summary>
    public static LoadOptions Shape(LoadOptions options, string shape) => shape switch
    {
        "topic" => options with { Shape = shape, Pattern = Pattern.Shared, Publishers = 1 },
        "direct" => options with
        {
            Shape = shape,
            Pattern = Pattern.Own,
            OwnDestination = "/user/queue/bench",
            OwnSendTo = "/user/u{n}/queue/bench",
        },
        _ => options with { Shape = shape },
    };

    public static LoadOptions? Find(string name) => Array.Find(s_all, s => s.Scenario == name);

    /// <summary>The closed loop that comes before a variant, its result thrown away; null when none is wanted.</summary>
    public static LoadOptions? Prewarming(LoadOptions variant) => variant.PrewarmSeconds == 0 || !variant.HasTraffic
        ? null
        : variant with
        {
            Connections = Math.Min(variant.Connections, Math.Max(variant.Topics, PrewarmConnections * variant.Processes)),
            Rate = 0,
            WarmupSeconds = 0,
            DurationSeconds = variant.PrewarmSeconds,
            SettleSeconds = 0,
            Observers = 0,
            SlowEvery = 0,
        };

    /// <summary>What a run measures, the last one being what the scenario is about, the others what it is compared with.</summary>
    public static IReadOnlyList<(string Name, LoadOptions Options)> Variants(LoadOptions options) => options.Scenario switch
    {
        "ack" => [("auto", options with { AckMode = "auto" }), (options.AckMode, options)],
        // Twice without: how far these two differ tells what a difference to the third is worth.
        "slow-readers" =>
        [
            ("control", options with { SlowEvery = 0 }),
            ("without", options with { SlowEvery = 0 }),
            ("with", options),
        ],
        // A topic's message goes to all: few of them are as many deliveries.
        "relay" when options.Shape.Length == 0 =>
        [
            ("topic", Shape(options, "topic") with { Rate = options.Rate / TopicShare }),
            ("direct", Shape(options, "direct")),
            ("groups", Shape(options, "groups")),
        ],
        _ => [(options.Scenario, options)],
    };
}
