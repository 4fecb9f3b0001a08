using System.Globalization;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>
/// A user's message that one session's overflow policy drops is dead only if every subscription that it was for dropped it: while another
/// owes it, or did when it ended, it waits for the user's next one.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class DroppedMessageTests : IDisposable
{
    private const string Queue = "/user/queue/q";
    private const int Count = 20;

    private static readonly string[] s_all = [.. Enumerable.Range(0, Count).Select(Text)];

    private readonly List<StompClient> _dropping = [];
    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { OutboxBytes = 4096 } }) { ChecksBytes = false };

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("conflate", false)]
    [InlineData("conflate", true)]
    [InlineData("drop-oldest", false)]
    [InlineData("drop-oldest", true)]
    public void An_acknowledging_session_that_is_closed_in_the_same_batch_gets_all_of_them_back(string policy, bool isLast)
    {
        if (isLast)
        {
            Dropping(policy);
        }

        var acking = _node.Connect().Subscribe(Queue, "ack:client-individual\n");
        if (!isLast)
        {
            Dropping(policy);
        }

        acking.Link.IsDead = true;
        var ids = PublishAll();
        acking.End();
        Assert.Equal(0, ids.Count(id => _node.StateOf(id, "alice") == DeliveryState.Dead));
        ExpectAll();
    }

    [Theory]
    [InlineData("conflate")]
    [InlineData("drop-oldest")]
    public void A_session_that_ends_later_too(string policy)
    {
        Dropping(policy);
        var acking = _node.Connect().Subscribe(Queue, "ack:client\n");
        PublishAll();
        acking.End();
        ExpectAll();
    }

    [Fact]
    public void A_session_that_is_closed_as_too_slow_owed_what_it_could_no_longer_hold()
    {
        Dropping("conflate");
        var slow = _node.Connect().Subscribe(Queue, "ack:client-individual\noverflow:close\n");
        slow.Link.Block();
        var ids = PublishAll();
        Assert.False(slow.Session.State == Gateway.Sessions.SessionState.Open);
        Assert.Equal(0, ids.Count(id => _node.StateOf(id, "alice") == DeliveryState.Dead));
        ExpectAll();
    }

    [Theory]
    [InlineData("conflate")]
    [InlineData("drop-oldest")]
    public void What_every_subscription_dropped_is_dead(string policy)
    {
        Dropping(policy);
        Dropping(policy);
        var ids = PublishAll();
        var dead = ids.Count(id => _node.StateOf(id, "alice") == DeliveryState.Dead);
        Assert.InRange(dead, Count / 2, Count - 1);
        Assert.Equal(dead, _node.Node.Metrics.FailedBy(FailureKind.Overflow));
    }

    [Fact]
    public void What_came_back_waits_for_a_subscription_that_keeps_it_and_goes_to_the_first()
    {
        var early = _node.Connect().Subscribe(Queue, "ack:client-individual\n");
        var dropping = Dropping("conflate");
        PublishAll();
        early.End();
        Assert.Equal(Count - 1, _node.Node.Offline.Count);
        dropping.Link.Unblock();
        Assert.Equal(["fill", Text(Count - 1)], dropping.TakeBodies());
        Assert.Equal(s_all[..^1], _node.Connect().Subscribe(Queue, "ack:client-individual\n").TakeBodies());
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    // A client that reads nothing, and has something in its outbox already.
    private StompClient Dropping(string policy)
    {
        var client = _node.Connect().Subscribe(Queue, $"overflow:{policy}\n").Subscribe("/topic/fill", id: "fill");
        client.Link.Block();
        _node.Connect("bob").Publish("/topic/fill", "fill");
        _dropping.Add(client);
        return client;
    }

    private List<string> PublishAll()
    {
        var bob = _node.Connect("bob");
        bob.Send([.. s_all.Select(text => $"SEND\ndestination:/user/alice/queue/q\nreceipt:r\n\n{text}")]);
        return bob.Take().ConvertAll(receipt => receipt["message-id"]);
    }

    // Some of them may still wait for those who read nothing; their end gives these back.
    private void ExpectAll()
    {
        var next = _node.Connect().Subscribe(Queue, "ack:client-individual\n");
        _dropping.ForEach(client => client.End());
        Assert.Equal(s_all, next.TakeBodies().Distinct().Order());
    }

    private static string Text(int i) => i.ToString("D2", CultureInfo.InvariantCulture) + new string('x', 1000);
}
