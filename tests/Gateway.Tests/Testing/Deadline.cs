namespace FastPush.Gateway.Tests.Testing;

/// <summary>Waiting for what another process does: for the thing itself, and never longer than a machine under load needs.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    /// <summary>A token that ends what takes too long.</summary>
    public static CancellationToken Token(TimeSpan? within = null) => new CancellationTokenSource(within ?? Default).Token;

    /// <summary>Asks again and again until the answer is yes; fails at the deadline.</summary>
    public static async Task Until(Func<Task<bool>> condition, TimeSpan? within = null)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var end = Token(within);
        while (!await condition())
        {
            Assert.True(await timer.WaitForNextTickAsync(end));
        }
    }
}
