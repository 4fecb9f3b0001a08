using System.Runtime.CompilerServices;

namespace FastPush.Redis.Testing;

/// <summary>Waiting for what another process does: for the thing itself, and never longer than a machine under load needs.</summary>
public static class Deadline
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    /// <summary>A token that ends what takes too long.</summary>
    public static CancellationToken Token(TimeSpan? within = null) => new CancellationTokenSource(within ?? Default).Token;

    /// <summary>Asks again and again until the answer is yes; fails at the deadline.</summary>
    /// <param name="condition">Asked every 20 ms, for the first time at once.</param>
    /// <param name="within">30 s if not given.</param>
    /// <param name="what">Says what was waited for; the text of <paramref name="condition"/> if not given.</param>
    /// <exception cref="TimeoutException">The answer was no until the deadline.</exception>
    public static async Task Until(
        Func<Task<bool>> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        using var end = new CancellationTokenSource(within ?? Default);
        using var timer = new PeriodicTimer(s_pause);
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"not within {within ?? Default}: {what}");
            }
        }
    }

    /// <inheritdoc cref="Until(Func{Task{bool}}, TimeSpan?, string)"/>
    public static Task Until(
        Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Until(() => Task.FromResult(condition()), within, what);
}
