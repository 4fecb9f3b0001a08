using System.Globalization;
using Xunit.Abstractions;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// Three gateways, Redis killed and restarted, gateways killed, networks cut, clients that move between nodes and between WebSocket and
/// event streams: every accepted message ends acknowledged or in the queue, each user's order is kept, and what comes twice is marked.
/// <para><c>FASTPUSH_CHAOS_SECONDS</c> (60) and <c>FASTPUSH_CHAOS_SEED</c> (the same in every run of all tests) say how long and what;
/// <c>scripts/chaos.sh</c> sets both, and draws a seed. Long runs are rounds of a minute, each with a seed of its own and judged by
/// itself. A seed repeats the schedule and the moves; how threads and processes meet in between it cannot repeat.</para>
/// </summary>
[Trait("Category", "Chaos")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int UsualSeed = 37;

    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_was_accepted_survives_whatever_breaks()
    {
        var left = TimeSpan.FromSeconds(Setting("FASTPUSH_CHAOS_SECONDS") ?? 60);
        var seed = Setting("FASTPUSH_CHAOS_SEED") ?? UsualSeed;
        await using var stage = await Stage.StartAsync();
        for (; left > TimeSpan.Zero; left -= s_round, seed++)
        {
            var duration = left < s_round ? left : s_round;
            output.WriteLine($"seed {seed}, {duration.TotalSeconds} s");
            using var round = new ChaosRound(stage, seed);
            try
            {
                output.WriteLine(await round.RunAsync(duration));
            }
            catch (Exception e)
            {
                Assert.Fail($"FASTPUSH_CHAOS_SEED={seed} FASTPUSH_CHAOS_SECONDS={duration.TotalSeconds}\n{round.Story(e)}");
            }
        }
    }

    private static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
        : null;
}
