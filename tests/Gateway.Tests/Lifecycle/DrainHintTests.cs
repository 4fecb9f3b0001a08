using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Options;

namespace FastPush.Gateway.Tests.Lifecycle;

public sealed class DrainHintTests
{
    [Fact]
    public void Hints_are_spread_between_the_configured_time_and_twice_that()
    {
        var hint = new DrainHint(new DrainOptions { RetryAfterMs = 500 }, new Random(1));
        var drawn = Enumerable.Range(0, 1000).Select(_ => hint.NextRetryAfterMs()).ToList();
        Assert.All(drawn, ms => Assert.InRange(ms, 500, 1000));
        Assert.InRange(drawn.Distinct().Count(), 300, 501);
        Assert.InRange(drawn.Average(), 720, 780);
    }

    [Fact]
    public void A_time_of_zero_stays_zero() =>
        Assert.Equal(0, new DrainHint(new DrainOptions { RetryAfterMs = 0 }, new Random(1)).NextRetryAfterMs());
}
