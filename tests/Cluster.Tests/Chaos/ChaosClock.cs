namespace FastPush.Cluster.Tests.Chaos;

/// <summary>When things happen in one round, and what is drawn: all from one seed, a sequence of its own for each who draws.</summary>
internal sealed class ChaosClock : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly long _began = TimeProvider.System.GetTimestamp();

    public ChaosClock(int seed)
    {
        Seed = seed;
    }

    public int Seed { get; }

    /// <summary>Since the round began.</summary>
    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_began);

    /// <summary>Cancelled when nothing more is to be broken, moved or published.</summary>
    public CancellationToken Over => _over.Token;

    public bool IsOver => _over.IsCancellationRequested;

    /// <summary>The sequence of one who draws; the same for the same seed and name.</summary>
    public Random RandomOf(string name)
    {
        var hash = unchecked((uint)Seed * 2654435761u);
        foreach (var c in name)
        {
            hash = unchecked((hash ^ c) * 16777619u);
        }

        return new Random((int)(hash & int.MaxValue));
    }

    /// <summary>The next moment of a schedule comes, or the round is over.</summary>
    public async Task PauseAsync(Random random, int leastMs, int mostMs)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(Math.Max(1, leastMs), mostMs)));
        try
        {
            await timer.WaitForNextTickAsync(Over);
        }
        catch (OperationCanceledException) when (IsOver)
        {
            return;
        }
    }

    public void End() => _over.Cancel();

    public void Dispose() => _over.Dispose();
}
