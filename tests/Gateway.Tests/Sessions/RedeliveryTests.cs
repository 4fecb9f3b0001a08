using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>What one session's end does to another of its user is queued, not called.</summary>
[Collection(NodeCollection.Name)]
public sealed class RedeliveryTests
{
    [Theory]
    [InlineData("client-individual")]
    [InlineData("auto")]
    public void Thousands_of_sessions_of_one_user_that_die_together_end_on_a_small_stack(string mode)
    {
        const int Sessions = 5000;
        const int StackBytes = 256 << 10;
        Exception? failed = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    DieTogether(mode, Sessions);
                }
                catch (Exception e)
                {
                    failed = e;
                }
            },
            StackBytes);
        thread.Start();
        thread.Join();
        Assert.Null(failed);
    }

    [Fact]
    public void A_turn_offers_a_bounded_number_of_queues_and_ticks_the_rest()
    {
        using var node = new TestNode();
        for (var i = 0; i < Redelivery.PerTurn * 2; i++)
        {
            node.Node.Redelivery.Note("alice", $"q{i}");
            node.Node.Redelivery.Note("alice", $"q{i}");
        }

        Assert.Equal(Redelivery.PerTurn * 2, node.Node.Redelivery.Count);
        node.Connect("bob").Publish("/topic/a", "x");
        Assert.True(node.Node.Redelivery.Count < Redelivery.PerTurn * 2);
        node.Advance(500);
        Assert.Equal(0, node.Node.Redelivery.Count);
    }

    private static void DieTogether(string mode, int sessions)
    {
        using var node = new TestNode { ChecksBytes = false };
        var bob = node.Connect("bob");
        var dying = Enumerable.Range(0, sessions).Select(_ => node.Connect()).ToList();

        // The first has the message and did not acknowledge it, or its link did not take it; the others come after that.
        dying[0].Subscribe("/user/queue/q", $"ack:{mode}\n");
        dying[0].Link.Block();
        bob.Send("SEND\ndestination:/user/alice/queue/q\nreceipt:r\n\nx");
        var id = bob.Next()["message-id"];
        foreach (var client in dying[1..])
        {
            client.Subscribe("/user/queue/q", $"ack:{mode}\n");
            client.Link.IsDead = true; // It is found out by the next send.
        }

        dying[0].End();
        for (var tick = 0; tick < 2 + (sessions / Redelivery.PerTick) && node.Node.Redelivery.Count > 0; tick++)
        {
            node.Advance(500);
        }

        Assert.Equal(0, node.Node.Redelivery.Count);
        Assert.Equal(DeliveryState.Queued, node.StateOf(id, "alice"));
        Assert.Equal("x", Assert.Single(node.Connect().Subscribe("/user/queue/q").TakeBodies()));
    }
}
