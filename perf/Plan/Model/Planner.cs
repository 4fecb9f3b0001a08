using FastPush.Plan.Reporting;

namespace FastPush.Plan.Model;

/// <summary>Sizes a fleet for a load: the least number of nodes that hold it after the spare ones have failed.</summary>
internal static class Planner
{
    private const int NodesMax = 100_000;
    private const double UseStep = 0.05;
    private const double Percentile = 100;

    /// <exception cref="InputException">The report lacks a constant that the load needs, or no number of nodes is enough.</exception>
    public static CapacityPlan Plan(PlanOptions options, ReportDocument report, string reportName)
    {
        var constants = report.Constants;
        var model = new CostModel(constants);
        var use = Use(options, model, constants);
        var working = 1;
        while (!Holds(options, model, constants, working, use.Share))
        {
            // Steps grow with the fleet: a tenth of a percent more nodes than needed at most.
            working += 1 + (working / 1000);
            if (working > NodesMax)
            {
                throw new InputException($"no fleet of up to {NodesMax:N0} nodes holds this load: a node's memory or cores are too small");
            }
        }

        var node = NodeLoad(options, working);
        var coalesced = Coalesced(options, model, node);
        var cpu = model.Cpu(PerCore(options, node), coalesced);
        return new CapacityPlan(reportName, options, constants, use, working, node, coalesced, cpu, model);
    }

    /// <summary>Nodes that a message reaches on average, its receivers being spread at random.</summary>
    public static double NodesReached(double nodes, double receivers) => nodes * (1 - Math.Pow(1 - (1 / nodes), receivers));

    /// <summary>What each working node does. A message that came in elsewhere costs it as much as one of its own.</summary>
    public static Load NodeLoad(PlanOptions options, double nodes)
    {
        var reached = NodesReached(nodes, options.GroupsOf);
        var connections = options.Connections / nodes;
        // Each message is taken in by one node and by each other one that has receivers; with one node that is the same one.
        var messages = options.Rate * (1 + ((nodes - 1) / nodes * reached)) / nodes;
        return new Load(
            connections,
            connections / options.SessionSeconds,
            messages,
            options.Rate * options.GroupsOf / nodes / messages,
            options.HeartBeatSeconds > 0 ? connections / options.HeartBeatSeconds : 0);
    }

    /// <summary>The part of a node's load that one of its cores carries.</summary>
    public static Load PerCore(PlanOptions options, Load node) => node with
    {
        Connections = node.Connections / options.NodeCores,
        ConnectsPerSecond = node.ConnectsPerSecond / options.NodeCores,
        PublishesPerSecond = node.PublishesPerSecond / options.NodeCores,
        HeartBeatsPerSecond = node.HeartBeatsPerSecond / options.NodeCores,
    };

    public static double ProcessBytes(PlanOptions options, ModelConstants constants, Load node) =>
        ModelConstants.Require(constants.Process)
        + (node.Connections * ModelConstants.Require(constants.Connection))
        + MessageBytes(options, constants, node);

    public static double KernelBytes(ModelConstants constants, Load node) => node.Connections * ModelConstants.Require(constants.Kernel);

    /// <summary>What is on its way: each delivery is in memory for as long as the p99 allows.</summary>
    public static double MessageBytes(PlanOptions options, ModelConstants constants, Load node) =>
        node.PublishesPerSecond * node.FanOut * options.P99Ms / 1000 * (options.Size + ModelConstants.Require(constants.Headers));

    private static double Coalesced(PlanOptions options, CostModel model, Load node)
    {
        var core = PerCore(options, node);
        return model.Coalesced(core.PublishesPerSecond, core.FanOut, core.Connections);
    }

    private static bool Holds(PlanOptions options, CostModel model, ModelConstants constants, int nodes, double share)
    {
        var node = NodeLoad(options, nodes);
        return model.Cpu(PerCore(options, node), Coalesced(options, model, node)).Total <= share
            && ProcessBytes(options, constants, node) + KernelBytes(constants, node) <= options.NodeMemoryBytes;
    }

    /// <summary>
    /// How much of a core may be used: the headroom, or less if the p99 needs it. The 99th percentile of the wait for a server that is
    /// busy for a share u, work coming in pieces of s, is s × ln(100 u) / (1 - u) (M/M/1); then comes the piece itself.
    /// </summary>
    private static CoreUse Use(PlanOptions options, CostModel model, ModelConstants constants)
    {
        var pieceUs = model.PublishUs(options.Rate) + (options.GroupsOf * model.DeliveryUs(options.Rate, 1));
        var aloneUs = ModelConstants.Require(constants.LatencyP99);
        var share = options.Headroom;
        while (P99Ms(share) > options.P99Ms && share > UseStep)
        {
            share -= UseStep;
        }

        share = Math.Max(share, UseStep);
        return new CoreUse(share, pieceUs, aloneUs, P99Ms(share), P99Ms(share) <= options.P99Ms);
        double P99Ms(double busy) => (aloneUs + (pieceUs * (1 + (Math.Max(Math.Log(Percentile * busy), 0) / (1 - busy))))) / 1000;
    }
}

/// <summary>How much of a core may be used, and what p99 that gives.</summary>
/// <param name="PieceUs">CPU of one message with all its deliveries, on one core.</param>
/// <param name="AloneUs">p99 of a lone message, as measured.</param>
internal sealed record CoreUse(double Share, double PieceUs, double AloneUs, double P99Ms, bool IsReachable);
