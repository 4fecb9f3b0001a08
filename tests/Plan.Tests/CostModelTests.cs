using FastPush.Plan.Model;

namespace FastPush.Plan.Tests;

public sealed class CostModelTests
{
    private static readonly ModelConstants s_constants = new()
    {
        Sends = [At(50, 4)],
        Message = Of(0.4),
        CoalescedMax = Of(12),
        Publishes = [At(1000, 50), At(10_000, 20), At(20_000, 15)],
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
        // Between 10,000/s with 20 us and 1,000/s with 30 us more, in the square root of the time between messages.
        var share = (Math.Sqrt(1 / 2000.0) - Math.Sqrt(1 / 10_000.0)) / (Math.Sqrt(1 / 1000.0) - Math.Sqrt(1 / 10_000.0));
        Assert.Equal(2000 * (20 + (30 * share)) * 1e-6, cpu.Publishes, 1e-12);
        Assert.Equal(10_000 * 0.5e-6, cpu.Idle, 1e-12);
        Assert.Equal(400 * 10e-6, cpu.HeartBeats, 1e-12);
        Assert.Equal(cpu.Connects + cpu.Deliveries + cpu.Publishes + cpu.Idle + cpu.HeartBeats, cpu.Total);
    }

    [Theory]
    [InlineData(1, 50)]
    [InlineData(1000, 50)]
    [InlineData(10_000, 20)]
    [InlineData(20_000, 15)]
    [InlineData(1_000_000, 15)]
    public void A_cost_is_as_measured_at_its_rates_and_the_nearest_one_beyond(double rate, double us) =>
        Assert.Equal(us, _model.PublishUs(rate), 1e-6);

    [Theory]
    [InlineData(100, 900)]
    [InlineData(900, 2500)]
    [InlineData(2500, 10_000)]
    public void A_cost_halfway_in_the_root_of_the_time_between_messages_is_the_mean(double low, double high)
    {
        IReadOnlyList<RatedConstant> points = [At(low, 80), At(high, 30)];
        var root = (Math.Sqrt(1 / low) + Math.Sqrt(1 / high)) / 2;
        Assert.Equal(55, RateCurve.At(points, 1 / (root * root), "publishes"), 1e-9);
    }

    [Fact]
    public void Two_rates_are_enough_where_the_cost_grows_with_that_root()
    {
        IReadOnlyList<RatedConstant> two = [At(100, Root(100)), At(10_000, Root(10_000))];
        Assert.All([200.0, 500, 1000, 3000, 4000], rate => Assert.Equal(Root(rate), RateCurve.At(two, rate, "publishes"), 1e-9));
        static double Root(double rate) => 16 + (1900 / Math.Sqrt(rate));
    }

    [Fact]
    public void A_further_rate_bends_the_curve_through_what_was_measured_there_and_leaves_the_rest()
    {
        IReadOnlyList<RatedConstant> two = [At(1000, 50), At(10_000, 20)];
        // In any order.
        IReadOnlyList<RatedConstant> four = [At(3000, 40), At(10_000, 20), At(100, 200), At(1000, 50)];
        Assert.Equal([200, 50, 40, 20], new double[] { 100, 1000, 3000, 10_000 }.Select(rate => RateCurve.At(four, rate, "publishes")));
        Assert.True(RateCurve.At(four, 4000, "publishes") > RateCurve.At(two, 4000, "publishes"));
        Assert.InRange(RateCurve.At(four, 4000, "publishes"), 20, 40);
        Assert.Equal(RateCurve.At(two, 20_000, "publishes"), RateCurve.At(four, 20_000, "publishes"));
        Assert.Equal(50, RateCurve.At(two, 100, "publishes"));
    }

    [Fact]
    public void A_send_costs_what_it_was_measured_at_its_rate()
    {
        var model = new CostModel(s_constants with { Sends = [At(100, 6), At(1000, 3)] });
        Assert.Equal(6.4, model.DeliveryUs(10, 1), 1e-9);
        // Four times as often as 100/s halves the root of the time: 0.1 at 100/s, 0.05 at 400/s.
        Assert.Equal(3 + (3 * (0.05 - Math.Sqrt(0.001)) / (0.1 - Math.Sqrt(0.001))) + 0.4, model.DeliveryUs(400, 1), 1e-9);
        Assert.Equal((3 / 2.0) + 0.4, model.DeliveryUs(2000, 2), 1e-9);
    }

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
        Assert.Throws<InputException>(() => new CostModel(s_constants with { Message = null }));
        var without = new CostModel(s_constants with { Sends = [] });
        Assert.Contains("'sends'", Assert.Throws<InputException>(() => without.DeliveryUs(1, 1)).Message, StringComparison.Ordinal);
    }

    private static Constant Of(double value) => new(value, "", "");

    private static RatedConstant At(double rate, double value) => new(rate, value, "", "");
}
