using FastPush.Gateway.Lifecycle;

namespace FastPush.Gateway.Tests.Lifecycle;

/// <summary>Memory is given back after a storm, once, and never while the process has work.</summary>
public sealed class NativeTrimTests
{
    private readonly NativeTrim _trim = new();

    [Fact]
    public void A_storm_is_trimmed_once_and_only_when_it_is_over()
    {
        const long Storm = NativeTrim.WorthwhileBytes;
        Assert.False(Look(5_000, Storm, cpuMs: 4_000)); // still busy
        Assert.True(Look(10_000, Storm, cpuMs: 4_100));
        Assert.False(Look(15_000, Storm, cpuMs: 4_200));
        Assert.True(Look(20_000, 2 * Storm, cpuMs: 4_300));
    }

    [Fact]
    public void Little_is_left_as_it_is() => Assert.False(Look(5_000, NativeTrim.WorthwhileBytes - 1, cpuMs: 0));

    private bool Look(long nowMs, long allocated, double cpuMs) => _trim.IsDue(nowMs, allocated, TimeSpan.FromMilliseconds(cpuMs));
}
