using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>One round: everything is broken for a while under traffic, then mended, drained and judged.</summary>
internal sealed class ChaosRound(Stage stage, int seed) : IDisposable
{
    private const int UserCount = 20;
    private const int TopicCount = 3;
    private const int StompPublishers = 4;
    private const int HttpPublishers = 3;

    private readonly ChaosClock _clock = new(seed);

    public Stage Stage => stage;

    public ChaosClock Clock => _clock;

    public Journal Journal { get; private set; } = null!;

    /// <summary>Of this round alone, so that no message of an earlier one can come.</summary>
    public string[] Users { get; } = Names("u", UserCount, seed);

    public string[] Topics { get; } = Names("t", TopicCount, seed);

    /// <summary>Breaks, mends and judges; returns a line of figures.</summary>
    public async Task<string> RunAsync(TimeSpan duration)
    {
        Journal = new Journal(_clock);
        var roamers = Array.ConvertAll(Users, user => new Roamer(this, user));
        List<Task> running =
        [
            .. roamers.Select(roamer => roamer.RunAsync()),
            .. Enumerable.Range(0, StompPublishers).Select(i => new StompPublisher(this, $"s{i}").RunAsync()),
            .. Enumerable.Range(0, HttpPublishers).Select(i => new HttpPublisher(this, $"h{i}").RunAsync()),
        ];
        var faults = new FaultSchedule(_clock, stage, Journal.Faults).RunAsync();
        using (var time = new CancellationTokenSource(duration))
        using (time.Token.Register(_clock.End))
        {
            await Task.WhenAll(running);
            await faults;
        }

        var verdict = new Verdict(this);
        await verdict.JudgeAsync(roamers);
        return verdict.ToString();
    }

    /// <summary>What went wrong, with all that was broken.</summary>
    public string Story(Exception fault) => string.Join('\n', (string[])
    [
        fault is Xunit.Sdk.XunitException ? fault.Message : fault.ToString(),
        .. Journal.Violations.Take(10),
        Journal.Faults.Around(TimeSpan.Zero, _clock.Now),
    ]);

    public void Dispose() => _clock.Dispose();

    private static string[] Names(string kind, int count, int seed) =>
        [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{kind}{i}.{seed}"))];
}
