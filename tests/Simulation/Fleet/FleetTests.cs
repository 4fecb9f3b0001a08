using System.Globalization;

namespace FastPush.Simulation.Fleet;

/// <summary>Runs of the fleet. <c>FASTPUSH_SIM_SEEDS</c> and <c>FASTPUSH_SIM_STEPS</c> choose others than the fixed ones.</summary>
public sealed class FleetTests
{
    private const int Steps = 800;

    // So many are enough to look at.
    private const int ViolationsMax = 10;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void No_message_to_a_user_is_lost(int seed) => Assert.NotEqual(0UL, Run(seed, Steps));

    [Fact]
    public void A_seed_repeats_its_run() => Assert.Equal(Run(7, Steps), Run(7, Steps));

    [Fact]
    public void Runs_reach_all_faults()
    {
        var reached = new HashSet<string>();
        for (var seed = 101; seed <= 120; seed++)
        {
            Run(seed, Steps, world => reached.UnionWith(world.Reached.Keys));
        }

        string[] faults =
        [
            "done", "data lost", "Redis down", "killed", "paused", "drained", "clocks apart", "Redis' clock set", "script cut off",
            "memory full", "restored",
        ];
        Assert.Equal([], faults.Except(reached));
    }

    [Fact]
    public void Chosen_seeds()
    {
        var range = (Environment.GetEnvironmentVariable("FASTPUSH_SIM_SEEDS") ?? "7").Split('-');
        var steps = int.Parse(Environment.GetEnvironmentVariable("FASTPUSH_SIM_STEPS") ?? "100", CultureInfo.InvariantCulture);
        var last = int.Parse(range[^1], CultureInfo.InvariantCulture);
        var violations = new List<SimulationException>();
        for (var seed = int.Parse(range[0], CultureInfo.InvariantCulture); seed <= last && violations.Count < ViolationsMax; seed++)
        {
            try
            {
                Assert.NotEqual(0UL, Run(seed, steps));
            }
            catch (SimulationException e)
            {
                violations.Add(e);
            }
        }

        if (violations.Count > 0)
        {
            Assert.Fail(string.Join('\n', violations.Select(v => v.Message.Split('\n')[0]).Prepend(violations[0].Message)));
        }
    }

    private static ulong Run(int seed, int steps, Action<FleetWorld>? look = null)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        using var world = new FleetWorld(seed);
        try
        {
            world.Run(steps);
            look?.Invoke(world);
            return world.Journal.Hash;
        }
        catch (Exception e)
        {
            throw new SimulationException(
                $"seed {seed}, {steps} steps: {e.Message}\nlast events:\n{world.Journal}\n"
                    + $"repeat: scripts/simulate.sh 1 {steps} {seed} fleet\n",
                e);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
