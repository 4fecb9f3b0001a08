using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Stores;

[Collection(NodeCollection.Name)]
public sealed class DeliveryLedgerTests
{
    private static void Note(DeliveryLedger ledger, long id, string? user, DeliveryState state, long at = 0)
    {
        using var payloads = new Payloads();
        var payload = payloads.Make(id, user: user);
        ledger.Note(payload, state, at);
        payload.Release();
    }

    [Fact]
    public void Each_recipient_has_one_entry_with_the_last_state()
    {
        var ledger = new DeliveryLedger(10);
        Note(ledger, 1, "a", DeliveryState.Queued, 5);
        Note(ledger, 1, "b", DeliveryState.Queued, 6);
        Note(ledger, 2, "a", DeliveryState.Dead, 7);
        Note(ledger, 1, "a", DeliveryState.Acked, 8);
        Assert.Equal([new("a", DeliveryState.Acked, 8), new("b", DeliveryState.Queued, 6)], ledger.Find(1));
        Assert.Equal([new("a", DeliveryState.Dead, 7)], ledger.Find(2));
        Assert.Empty(ledger.Find(3));
    }

    [Fact]
    public void Messages_to_topics_are_not_noted()
    {
        var ledger = new DeliveryLedger(10);
        Note(ledger, 1, null, DeliveryState.Delivered);
        Assert.Empty(ledger.Find(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    public void It_remembers_exactly_the_last_entries(int entries)
    {
        var ledger = new DeliveryLedger(entries);
        var random = new Random(entries);
        var model = new List<(long Id, string User, DeliveryState State)>();
        for (var step = 0; step < 2_000; step++)
        {
            var (id, user) = (random.NextInt64(step / 100, (step / 100) + 4), $"u{random.Next(5)}");
            var state = (DeliveryState)random.Next(5);
            Note(ledger, id, user, state);
            var known = model.FindIndex(e => e.Id == id && e.User == user);
            if (known >= 0)
            {
                model[known] = (id, user, state);
            }
            else
            {
                model.Add((id, user, state));
                model.RemoveRange(0, Math.Max(0, model.Count - entries));
            }

            for (var look = step / 100; look < (step / 100) + 4; look++)
            {
                Assert.Equal(
                    model.Where(e => e.Id == look).Select(e => (e.User, e.State)), ledger.Find(look).Select(d => (d.User, d.State)));
            }
        }
    }

    [Fact]
    public void One_message_may_have_more_recipients_than_the_ring()
    {
        var ledger = new DeliveryLedger(8);
        for (var i = 0; i < 30; i++)
        {
            Note(ledger, 1, $"u{i}", DeliveryState.Queued);
        }

        Assert.Equal(Enumerable.Range(22, 8).Select(i => $"u{i}"), ledger.Find(1).Select(d => d.User));
    }
}
