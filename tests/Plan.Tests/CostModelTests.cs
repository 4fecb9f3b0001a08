using FastPush.Plan.Model;

namespace FastPush.Plan.Tests;

public sealed class CostModelTests
{
    private static readonly ModelConstants s_constants = new()
    {
        Send = Of(4),
        Message = Of(0.4),
        CoalescedMax = Of(12),
        PublishLow = Of(50),
        PublishRateLow = Of(1000),
        PublishHigh = Of(20),
        PublishRateHigh = Of(10_000),
        Connect = Of(90),
        Idle = Of(0.5),
        HeartBeat = Of(10),
    };

    private readonly CostModel _model = new(s_constants);

    [Fact]
    public void Cpu_is_the_sum_of_counts_times_constants()
    {
        var cpu = _model.Cpu(new Load(10_000, 100, 2000, 10, 400), coalesced: 2);
        Assert.Equal(100 * 90e-6, cpu.Connects, 1e-12);
        Assert.Equal(2000 * 10 * (4 / 2.0 + 0.4) * 1e-6, cpu.Deliveries, 1e-12);
        Assert.Equal(2000 * (50 - (30 * Math.Log10(2))) * 1e-6, cpu.Publishes, 1e-12);
        Assert.Equal(10_000 * 0.5e-6, cpu.Idle, 1e-12);
        Assert.Equal(400 * 10e-6, cpu.HeartBeats, 1e-12);
        Assert.Equal(cpu.Connects + cpu.Deliveries + cpu.Publishes + cpu.Idle + cpu.HeartBeats, cpu.Total);
    }

    [Theory]
    [InlineData(1, 50)]
    [InlineData(1000, 50)]
    [InlineData(3162.27766, 35)]
    [InlineData(10_000, 20)]
    [InlineData(1_000_000, 20)]
    public void Publishing_lies_between_the_measured_rates(double rate, double us) => Assert.Equal(us, _model.PublishUs(rate), 1e-6);

    [Fact]
    public void Coalescing_grows_with_the_load_up_to_what_was_measured()
    {
        var rates = new[] { 1.0, 50, 100, 200, 400, 10_000 };
        var coalesced = rates.Select(rate => _model.Coalesced(rate, 1000, 1000)).ToList();
        Assert.Equal(1, coalesced[0], 0.001);
        Assert.Equal(coalesced.Order(), coalesced);
        Assert.True(coalesced[3] > 1.2);
        Assert.Equal(12, coalesced[^1]);
    }

    [Fact]
    public void Messages_to_different_connections_do_not_coalesce() => Assert.Equal(1, _model.Coalesced(20_000, 1, 50_000), 0.001);

    [Fact]
    public void What_was_not_measured_is_an_error_only_when_it_is_needed()
    {
        var model = new CostModel(s_constants with { HeartBeat = null, Connect = null });
        Assert.Equal(0, model.Cpu(new Load(1, 0, 1, 1, 0), 1).HeartBeats);
        var error = Assert.Throws<InputException>(() => model.Cpu(new Load(1, 0, 1, 1, 1), 1));
        Assert.Contains("'heartBeat'", error.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new CostModel(s_constants with { Send = null }));
    }

    private static Constant Of(double value) => new(value, "", "");
}
