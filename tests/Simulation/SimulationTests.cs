using System.Globalization;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Simulation;

/// <summary>
/// Runs of the simulation. <c>FASTPUSH_SIM_SEEDS</c> (one seed, or first-last) and <c>FASTPUSH_SIM_STEPS</c> choose other runs than the
/// fixed ones; <c>scripts/simulate.sh</c> sets them.
/// </summary>
public sealed class SimulationTests
{
    private const int Steps = 5000;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_invariant_holds(int seed) => Assert.NotEqual(0UL, Run(seed, Steps));

    [Fact]
    public void A_seed_repeats_its_run_and_leaves_no_bytes_behind()
    {
        var first = Run(7, Steps);
        var bytes = BytePool.OutstandingBytes;
        Assert.Equal(first, Run(7, Steps));
        Assert.Equal(bytes, BytePool.OutstandingBytes);
    }

    [Fact]
    public void Runs_reach_every_end_that_sessions_and_messages_can_have()
    {
        var closed = new long[Enum.GetValues<CloseReason>().Length];
        var failed = new long[Enum.GetValues<FailureKind>().Length];
        var (acked, redelivered) = (0L, 0L);
        for (var seed = 101; seed <= 112; seed++)
        {
            Run(seed, Steps, metrics =>
            {
                Array.ForEach(Enum.GetValues<CloseReason>(), reason => closed[(int)reason] += metrics.ClosedBy(reason));
                Array.ForEach(Enum.GetValues<FailureKind>(), kind => failed[(int)kind] += metrics.FailedBy(kind));
                acked += metrics.MessagesAcked;
                redelivered += metrics.MessagesRedelivered;
            });
        }

        CloseReason[] reached =
        [
            CloseReason.Disconnect, CloseReason.PeerClosed, CloseReason.PeerGone, CloseReason.Protocol, CloseReason.ConnectTimeout,
            CloseReason.SlowConsumer, CloseReason.HeartBeat, CloseReason.FrameTimeout, CloseReason.Evicted, CloseReason.Drain,
        ];
        Assert.Equal([], reached.Where(reason => closed[(int)reason] == 0));
        Assert.Equal([], Enum.GetValues<FailureKind>().Where(kind => failed[(int)kind] == 0));
        Assert.InRange(acked, 1000, long.MaxValue);
        Assert.InRange(redelivered, 100, long.MaxValue);
    }

    [Fact]
    public void Chosen_seeds()
    {
        var range = (Environment.GetEnvironmentVariable("FASTPUSH_SIM_SEEDS") ?? "7").Split('-');
        var steps = int.Parse(Environment.GetEnvironmentVariable("FASTPUSH_SIM_STEPS") ?? "100", CultureInfo.InvariantCulture);
        var last = int.Parse(range[^1], CultureInfo.InvariantCulture);
        for (var seed = int.Parse(range[0], CultureInfo.InvariantCulture); seed <= last; seed++)
        {
            Assert.NotEqual(0UL, Run(seed, steps));
        }
    }

    // What the gateway awaits must go on inside the call that completed it, on this thread.
    private static ulong Run(int seed, int steps, Action<GatewayMetrics>? look = null)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        using var world = new World(seed);
        try
        {
            world.Run(steps);
            look?.Invoke(world.Node.Metrics);
            return world.Journal.Hash;
        }
        catch (Exception e)
        {
            throw new SimulationException(
                $"seed {seed}, {steps} steps: {e.Message}\nlast events:\n{world.Journal}\n"
                    + $"repeat: scripts/simulate.sh 1 {steps} {seed} node\n",
                e);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
