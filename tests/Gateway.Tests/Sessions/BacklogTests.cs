using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Tests.Sessions;

[Collection(NodeCollection.Name)]
public sealed class BacklogTests : IDisposable
{
    private readonly Payloads _payloads = new();

    public void Dispose() => _payloads.Dispose();

    private OfflineMessage Message(long id, byte attempts = 0) => new(_payloads.Make(id, bytes: 10), attempts);

    [Fact]
    public void First_in_is_first_out_over_any_growth()
    {
        var backlog = new Backlog();
        long added = 0;
        long taken = 0;
        var random = new Random(3);
        for (var step = 0; step < 2000; step++)
        {
            for (var n = random.Next(8); n > 0; n--)
            {
                backlog.Add(Message(added++), isCharged: true);
            }

            for (var n = random.Next(step < 1000 ? 7 : 10); n > 0 && backlog.Count > 0; n--)
            {
                Assert.Equal(taken, backlog.Peek().Payload.Id);
                var message = backlog.Take(out _);
                Assert.Equal(taken++, message.Payload.Id);
                message.Payload.Release();
            }

            Assert.Equal((added - taken, (added - taken) * 10), (backlog.Count, backlog.Bytes));
        }

        while (backlog.Count > 0)
        {
            backlog.Take(out _).Payload.Release();
        }

        Assert.Equal(0, backlog.Bytes);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 5, 0)]
    [InlineData(3, 5, 0)]
    [InlineData(3, 100, 2)]
    [InlineData(200, 1, 150)]
    public void Older_messages_go_in_front_in_their_order(int waiting, int older, int takenBefore)
    {
        var backlog = new Backlog();
        for (var i = 0; i < takenBefore + waiting; i++)
        {
            backlog.Add(Message(1000 + i), isCharged: true);
        }

        for (var i = 0; i < takenBefore; i++)
        {
            backlog.Take(out _).Payload.Release();
        }

        backlog.Prepend([.. Enumerable.Range(0, older).Select(i => Message(i, attempts: 1))]);
        Assert.Equal((waiting + older, (waiting + older) * 10L), (backlog.Count, backlog.Bytes));
        for (var i = 0; i < waiting + older; i++)
        {
            var message = backlog.Take(out _);
            Assert.Equal(i < older ? (i, true) : (1000 + takenBefore + i - older, false), (message.Payload.Id, message.Redelivered));
            message.Payload.Release();
        }
    }
}
