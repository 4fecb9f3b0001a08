using FastPush.Load.Clients;
using FastPush.Load.Control;
using FastPush.Load.Measuring;

namespace FastPush.Perf.Tests;

public sealed class AccountingTests
{
    [Theory]
    [InlineData("0 1 2 3 4", 5, 0, 0, 0)]
    [InlineData("0 2 4", 5, 2, 0, 0)]
    [InlineData("0 1", 5, 3, 0, 0)]
    [InlineData("", 3, 3, 0, 0)]
    [InlineData("0 2 1 3", 4, 0, 0, 1)]
    [InlineData("0 1 1 2", 3, 0, 1, 0)]
    [InlineData("0 2 2 1 1 3", 5, 1, 2, 1)]
    [InlineData("100 0 99", 101, 98, 0, 2)]
    [InlineData("0 1 2 70 3", 71, 66, 0, 1)]
    [InlineData("0 64 65 64 0", 66, 63, 2, 0)]
    public void A_sequence_is_accounted_exactly(string arrivals, int sent, int lost, int duplicated, int outOfOrder)
    {
        var track = default(SequenceTrack);
        var seen = arrivals.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(number => track.Take(uint.Parse(number, System.Globalization.CultureInfo.InvariantCulture)))
            .ToList();
        Assert.Equal(lost, (int)track.Lost((uint)sent));
        Assert.Equal(duplicated, seen.Count(a => a == Arrival.Duplicate));
        Assert.Equal(outOfOrder, seen.Count(a => a == Arrival.OutOfOrder));
    }

    [Fact]
    public void A_mark_is_read_as_it_was_written()
    {
        var mark = new Mark(123_456_789_012_345, 50_017, 3, 4_000_000_000);
        var payload = new byte[Mark.Bytes + 10];
        mark.Write(payload);
        Assert.True(Mark.TryRead(payload, out var read));
        Assert.Equal(mark, read);
        payload[20] = (byte)'g';
        Assert.False(Mark.TryRead(payload, out _));
        Assert.False(Mark.TryRead(payload.AsSpan(0, Mark.Bytes - 1), out _));
    }

    [Fact]
    public void Each_fault_is_counted_as_what_it_is()
    {
        var (ledger, payload) = NewLedger();
        ledger.OpenWindow(0, 0, long.MaxValue);
        ledger.Stamp(payload, 0, 0, 1000);
        ledger.Take(0, 0, payload, 3000);
        Assert.Equal((1, 0), (ledger.Received, ledger.Lost()));
        Assert.Equal(2000, ledger.Latencies[0].Max);

        ledger.Take(0, 0, payload, 3000);
        Assert.Equal(1, ledger.Duplicated);
        ledger.Take(1, 0, payload, 3000);
        ledger.Take(0, 5, payload, 3000);
        Assert.Equal(2, ledger.Misrouted);
        ledger.Take(0, 0, payload.AsSpan(1), 3000);
        Assert.Equal(1, ledger.Malformed);

        ledger.Stamp(payload, 1, 0, 2000);
        Assert.Equal(1, ledger.Lost());
        Assert.Equal((1, 2), (ledger.Received, ledger.Owed));
    }

    [Fact]
    public void A_message_that_was_published_as_a_JSON_string_is_taken_for_what_it_is()
    {
        var (ledger, payload) = NewLedger();
        ledger.Stamp(payload, 0, 0, 1000);
        ledger.Take(0, -1, [(byte)'"', .. payload, (byte)'"'], 3000);
        Assert.Equal((1, 0), (ledger.Received, ledger.Malformed));
    }

    [Fact]
    public void Latency_counts_what_was_due_in_the_window_and_rates_what_came_in_it()
    {
        var (ledger, payload) = NewLedger();
        ledger.OpenWindow(0, 1000, 2000);
        foreach (var (due, now) in new[] { (900, 1100), (1500, 1600), (1900, 2100), (2000, 2200) })
        {
            ledger.Stamp(payload, 0, 0, due);
            ledger.Take(0, 0, payload, now);
        }

        Assert.Equal((4, 2, 2), (ledger.Received, ledger.ReceivedInWindow, ledger.SentInWindow));
        Assert.Equal(2, ledger.Latencies[0].Count);
    }

    [Fact]
    public void Receives_and_their_bytes_count_in_the_window()
    {
        var (ledger, _) = NewLedger();
        ledger.OpenWindow(0, 1000, 2000);
        foreach (var (bytes, now) in new[] { (1, 999), (10, 1000), (100, 1999), (1000, 2000) })
            ledger.CountReceive(bytes, now);
        Assert.Equal((2, 110), (ledger.ReceivesInWindow, ledger.BytesInWindow));
        ledger.OpenWindow(1, 2000, 3000);
        Assert.Equal((0, 0), (ledger.ReceivesInWindow, ledger.BytesInWindow));
    }

    [Theory]
    [InlineData("fanout", 3)]
    [InlineData("direct", 3)]
    [InlineData("groups", 3)]
    [InlineData("storm", 2)]
    public void All_users_are_in_one_process_each_and_destinations_are_told_apart(string scenario, int processes)
    {
        var options = OptionReader.Read(Scenarios.Find(scenario)!, ["--connections", "1005", "--processes", $"{processes}"]);
        var plans = Enumerable.Range(0, options.ProcessCount).Select(i => new Plan(options, i)).ToList();
        var users = plans.SelectMany(p => Enumerable.Range(p.FirstUser, p.Users)).ToList();
        Assert.Equal(1005 + options.Observers, users.Distinct().Count());
        Assert.Equal(users.Count, users.Distinct().Count());
        if (scenario != "fanout")
        {
            var numbers = plans.SelectMany(p => Enumerable.Range(0, p.Destinations).Select(p.Number)).ToList();
            Assert.Equal(numbers.Count, numbers.Distinct().Count());
        }

        Assert.Equal(plans.Sum(p => p.Users * p.Slots), plans.Sum(p => Enumerable.Range(0, p.Destinations).Sum(p.Members)));
    }

    private static (DeliveryLedger Ledger, byte[] Payload) NewLedger()
    {
        var options = OptionReader.Read(Scenarios.Find("direct")!, ["--connections", "2", "--publishers", "1"]);
        var ledger = new DeliveryLedger(options, new Plan(options, 0));
        ledger.CountUser(0);
        ledger.CountUser(1);
        var payload = new byte[options.Size];
        payload.AsSpan().Fill((byte)'x');
        return (ledger, payload);
    }
}
