using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Load;

/// <summary>
/// A short load run. Nothing here depends on how fast the machine is: it counts, and it compares the gateway with itself.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class FanoutLoadTests
{
    private const int Few = 200;
    private const int Many = 2_000;
    private const int Messages = 2_000;
    private const int Rounds = 5;

    // Ten times more sessions do not fit into the same caches, so a delivery may cost more; but not by a factor.
    private const double CostRatioMax = 2;

    [Theory]
    [InlineData("auto")]
    [InlineData("client-individual")]
    public void Everybody_gets_every_message_once_and_in_order(string ack)
    {
        using var host = new TestNode();
        using var audience = new Audience(host, Few, "/topic/load", ack);
        for (var i = 0; i < Messages; i++)
        {
            audience.Publish();
            if (ack != "auto")
            {
                audience.Acknowledge();
            }
        }

        const long Deliveries = (long)Messages * Few;
        Assert.All(audience.Links, link => Assert.Equal((null, Messages), (link.Fault, link.Messages)));
        Assert.Equal(Messages, host.Node.Metrics.MessagesPublished);
        Assert.Equal(Deliveries, host.Node.Metrics.MessagesDelivered);
        Assert.Equal(ack == "auto" ? 0 : Deliveries, host.Node.Metrics.MessagesAcked);
        Assert.Equal(0, host.Node.Metrics.MessagesFailed);
        Assert.Equal(0, host.Node.Metrics.MessagesRedelivered);
    }

    [Fact]
    public void A_delivery_to_2000_costs_at_most_twice_one_to_200()
    {
        // The least of each: what other processes put on top differs from round to round.
        var (few, many) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            few = Math.Min(few, CostOfDelivery(Few));
            many = Math.Min(many, CostOfDelivery(Many));
        }

        Assert.InRange(many / few, 0, CostRatioMax);
    }

    // CPU of this thread in ns for each of as many deliveries as the other number of subscribers gets.
    private static double CostOfDelivery(int subscribers)
    {
        const int Deliveries = Messages * Few;
        using var host = new TestNode();
        using var audience = new Audience(host, subscribers, "/topic/load");
        audience.Publish();
        var before = ThreadCpu.Nanoseconds;
        for (var i = 0; i < Deliveries / subscribers; i++)
        {
            audience.Publish();
        }

        var cost = (ThreadCpu.Nanoseconds - before) / (double)Deliveries;
        Assert.All(audience.Links, link => Assert.Equal((null, 1 + (Deliveries / subscribers)), (link.Fault, link.Messages)));
        return cost;
    }
}
