using FastPush.Plan.Model;

namespace FastPush.Plan.Tests;

/// <summary>Which runs the constants are from, and that the model gives those runs back.</summary>
public sealed class CalibrationTests
{
    [Fact]
    public void Calibration_runs_are_in_the_constants_alone()
    {
        using var folder = ResultFolder.Full();
        var before = folder.Build();
        folder.Write(
            "calibration.jsonl",
            ResultFolder.Traffic("fastpush", "fanout", 100, 500, 0, 4 * 500 * 350e-6, 1)
            + ResultFolder.Traffic("fastpush", "fanout", 100, 500, 0, 4 * 500 * 430e-6, 1)
            + ResultFolder.Traffic("fastpush", "direct", 2000, 20_000, 0, 4 * 20_000 * 18.4e-6, 1)
            + ResultFolder.Traffic("floor", "direct", 2000, 30_000, 0, 4, 1));
        var after = folder.Build();
        Assert.Equal(before.Scenarios.Select(s => s.Id), after.Scenarios.Select(s => s.Id));
        Assert.Equal([50, 500], after.Constants.Sends.Select(p => p.Rate));
        Assert.Equal([1000, 10_000, 20_000], after.Constants.Publishes.Select(p => p.Rate));
        // The mean of two runs.
        Assert.Equal(500 * 390e-6, Predict(after.Constants, 500, 100), 1e-6);
        Assert.Equal(20_000 * 18.4e-6, Predict(after.Constants, 20_000, 1), 1e-6);
    }

    [Fact]
    public void A_run_that_the_constants_are_from_is_predicted_as_it_was_measured()
    {
        using var folder = ResultFolder.Full();
        folder.Write("calibration.jsonl", ResultFolder.Traffic("fastpush", "fanout", 100, 100, 0, 4 * 100 * 500e-6, 1));
        var constants = folder.Build().Constants;
        Assert.Equal(100 * 500e-6, Predict(constants, 100, 100), 1e-6);
        Assert.Equal(50 * 4450e-6, Predict(constants, 50, 1000), 1e-6);
        Assert.Equal(1000 * 54.4e-6, Predict(constants, 1000, 1), 1e-6);
        Assert.Equal(10_000 * 24.4e-6, Predict(constants, 10_000, 1), 1e-6);
    }

    [Fact]
    public void A_message_costs_what_it_did_at_every_rate_that_was_measured()
    {
        using var folder = ResultFolder.Full();
        folder.Write("calibration.jsonl", Direct(100, 204.4) + Direct(3000, 40.4) + Direct(3000, 48.4));
        var constants = folder.Build().Constants;
        Assert.Equal([100, 1000, 3000, 10_000], constants.Publishes.Select(p => p.Rate));
        Assert.Equal(100 * 204.4e-6, Predict(constants, 100, 1), 1e-9);
        Assert.Equal(1000 * 54.4e-6, Predict(constants, 1000, 1), 1e-9);
        // The mean of two runs.
        Assert.Equal(3000 * 44.4e-6, Predict(constants, 3000, 1), 1e-9);
        Assert.Equal(10_000 * 24.4e-6, Predict(constants, 10_000, 1), 1e-9);
        Assert.Equal("Direct to 2,000 users, 3,000 messages/s", constants.Publishes[2].From);
        Assert.Equal(12, constants.CoalescedMax!.Value);
    }

    [Fact]
    public void A_slow_direct_run_says_what_taking_in_a_message_costs_fan_out_too()
    {
        using var folder = ResultFolder.Full();
        var before = folder.Build().Constants;
        folder.Write("calibration.jsonl", Direct(50, 204.4));
        var after = folder.Build().Constants;
        // 4,450 us a message to 1,000: 150 us more for taking it in are 0.15 us less a delivery, which makes one to fewer dearer.
        Assert.Equal(-0.15, after.Sends[0].Value + after.Message!.Value - before.Sends[0].Value - before.Message!.Value, 0.001);
        Assert.Equal(50 * 4450e-6, Predict(after, 50, 1000), 1e-6);
        Assert.Equal(50 * (((4450 - 200) / 10.0) + 200) * 1e-6, Predict(after, 50, 100), 1e-5);
        Assert.True(Predict(after, 50, 100) > Predict(before, 50, 100));
    }

    [Fact]
    public void A_closed_loop_that_costs_less_than_its_sends_has_a_send_of_its_own()
    {
        using var folder = ResultFolder.Full();
        folder.Write("inflight.jsonl", ResultFolder.Traffic("fastpush", "fanout", 500, 2000, 16, 4 * 0.25, 10));
        var constants = folder.Build().Constants;
        Assert.Equal(0, constants.Message!.Value);
        Assert.Equal([50, 2000], constants.Sends.Select(p => p.Rate));
        Assert.Equal("Fan-out to 500 subscribers, 16 in flight", constants.Sends[1].From);
        Assert.Equal(0.25, new CostModel(constants).Cpu(new Load(0, 0, 2000, 500, 0), coalesced: 10).Total, 1e-6);
        Assert.Equal(50 * 4450e-6, Predict(constants, 50, 1000), 1e-6);
        Assert.Equal(10_000 * 24.4e-6, Predict(constants, 10_000, 1), 1e-6);
    }

    [Fact]
    public void A_report_without_the_further_rates_has_the_two_of_its_tables()
    {
        using var folder = ResultFolder.Full();
        var constants = folder.Build().Constants;
        Assert.Equal([1000, 10_000], constants.Publishes.Select(p => p.Rate));
        Assert.InRange(Predict(constants, 4000, 1), 4000 * 24.4e-6, 4000 * 54.4e-6);
    }

    [Fact]
    public void A_lone_messages_p99_is_from_a_run_with_many_if_there_is_one()
    {
        using var folder = ResultFolder.Full();
        folder.Write("calibration.jsonl", Direct(100, 204.4));
        Assert.Equal("Direct to 2,000 users, 1,000 messages/s", folder.Build().Constants.LatencyP99!.From);
        File.Delete(Path.Combine(folder.Path, "direct.jsonl"));
        Assert.Equal("Direct to 2,000 users, 100 messages/s", folder.Build().Constants.LatencyP99!.From);
    }

    private static string Direct(int rate, double us) => ResultFolder.Traffic("fastpush", "direct", 2000, rate, 0, 4 * rate * us / 1e6, 1);

    private static double Predict(ModelConstants constants, double rate, double fanOut) =>
        new CostModel(constants).Cpu(new Load(0, 0, rate, fanOut, 0), coalesced: 1).Total;
}
