using System.Text.Json;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Options;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Lifecycle;

[Collection(NodeCollection.Name)]
public sealed class DrainTests : IDisposable
{
    private static readonly DrainOptions Options = new() { TimeoutMs = 20_000, ReadinessMs = 1_000, SpreadMs = 2_000, RetryAfterMs = 500 };

    private readonly TestNode _node = new(o => o with { Drain = Options });

    public void Dispose() => _node.Dispose();

    private Task Begin()
    {
        var drained = Task.CompletedTask;
        var drain = new Drain(_node.Node, new DrainHint(Options, new Random(1)));
        TestNode.Inline(() => drained = drain.StoppingAsync(CancellationToken.None));
        return drained;
    }

    // Ends the connections that were told to go, as their peers would.
    private static void Hang(IEnumerable<StompClient> clients)
    {
        foreach (var client in clients.Where(c => c.Link.IsEnded))
        {
            client.End();
        }
    }

    [Fact]
    public void Clients_are_told_1012_with_a_hint_after_balancers_had_time_and_spread()
    {
        var clients = Enumerable.Range(0, 40).Select(i => _node.Connect($"u{i}")).ToList();
        var drained = Begin();
        Assert.True(_node.Node.IsDraining);
        _node.Advance(950);
        Assert.All(clients, c => Assert.Equal(SessionState.Open, c.Session.State));
        _node.Advance(1_050);
        Hang(clients);
        Assert.InRange(clients.Count(c => c.Session.State == SessionState.Open), 10, 30);
        _node.Advance(1_500);
        foreach (var client in clients)
        {
            var close = client.Next();
            Assert.Equal(("CLOSE", 1012), (close.Command, close.Code));
            using var hint = JsonDocument.Parse(close.Body);
            Assert.InRange(hint.RootElement.GetProperty("retryAfterMs").GetInt32(), 500, 1000);
        }

        Hang(clients);
        _node.Advance(100);
        Assert.True(drained.IsCompletedSuccessfully);
        Assert.Equal(40, _node.Node.Metrics.ClosedBy(CloseReason.Drain));
    }

    [Fact]
    public void A_node_without_clients_is_drained_at_once() => Assert.True(Begin().IsCompletedSuccessfully);

    [Fact]
    public void A_client_that_is_behind_gets_what_waits_first()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a");
        slow.Link.Block();
        var bob = _node.Connect("bob");
        bob.Publish("/topic/a", "x");
        var drained = Begin();
        _node.Advance(5_000);
        Hang([bob]);
        Assert.Equal(SessionState.Open, slow.Session.State);
        slow.Link.Unblock();
        _node.Advance(100);
        Assert.Equal(["MESSAGE", "CLOSE"], slow.Take().Select(f => f.Command));
        Hang([slow]);
        _node.Advance(100);
        Assert.True(drained.IsCompletedSuccessfully);
    }

    [Fact]
    public void Who_never_reads_is_cut_off_at_the_end()
    {
        var slow = _node.Connect("slow").Subscribe("/user/queue/q");
        slow.Link.Block();
        var bob = _node.Connect("bob");
        bob.Publish("/user/slow/queue/q", "x");
        var drained = Begin();
        _node.Advance(5_000);
        Hang([bob]);
        _node.Advance(16_000);
        Assert.True(drained.IsCompletedSuccessfully);
        Assert.True(slow.Link.IsAborted);
        slow.End();
        Assert.Equal(1, _node.Node.Offline.Count);
    }

    [Fact]
    public void What_is_not_acknowledged_waits_for_the_next_node()
    {
        var client = _node.Connect().Subscribe("/user/queue/q", "ack:client-individual\n");
        client.Publish("/user/alice/queue/q", "x");
        var drained = Begin();
        _node.Advance(4_000);
        Hang([client]);
        _node.Advance(100);
        Assert.True(drained.IsCompletedSuccessfully);
        Assert.Equal(1, _node.Node.Offline.Count);
    }
}
