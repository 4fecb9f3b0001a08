namespace FastPush.Relay.Tests.Testing;

/// <summary>Waiting for what another thread or process does: for the thing itself, and never longer than a machine under load
/// needs.</summary>
internal static class Until
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    /// <summary>Asks again and again until the answer is yes; fails at the deadline.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        using var end = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            Assert.True(await timer.WaitForNextTickAsync(end.Token));
        }
    }
}
