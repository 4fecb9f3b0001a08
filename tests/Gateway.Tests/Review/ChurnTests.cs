using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Review;

/// <summary>What a client only touches in passing leaves nothing behind.</summary>
[Collection(NodeCollection.Name)]
public sealed class ChurnTests
{
    [Fact]
    public void Topics_that_were_joined_and_left_in_masses_are_gone_with_the_next_tick()
    {
        using var node = new TestNode(o => o with { Limits = o.Limits with { CommandsPerSecond = 0 } });
        var client = node.Connect().Subscribe("/topic/stays", id: "stays");
        for (var i = 0; i < 3000; i++)
        {
            client.Send($"SUBSCRIBE\nid:0\ndestination:/topic/{i}\n\n", "UNSUBSCRIBE\nid:0\n\n");
        }

        node.Advance(FastPush.Gateway.Lifecycle.Ticker.PeriodMs);
        Assert.Equal(1, node.Node.Topics.Count);
        client.Publish("/topic/stays", "kept");
        client.End();
        Assert.Equal(1, node.Node.Topics.Count);
        var later = node.Connect().Subscribe("/topic/stays", "last-event-id:1\n");
        Assert.Equal(["kept"], later.TakeBodies());
    }
}
