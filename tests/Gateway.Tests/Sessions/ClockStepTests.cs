using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Somebody sets the machine's clock, and sets it right again.</summary>
[Collection(NodeCollection.Name)]
public sealed class ClockStepTests : IDisposable
{
    private readonly TestNode _node = new();
    private readonly StompClient _bob;

    public ClockStepTests() => _bob = _node.Connect("bob");

    public void Dispose() => _node.Dispose();

    private long Publish(string destination)
    {
        _bob.Publish(destination, "x", "receipt:r\n");
        return long.Parse(_bob.Next()["message-id"], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(8 * 24)]
    [InlineData(-8 * 24)]
    public void What_waits_and_what_is_kept_stays_and_ids_go_on(int stepHours)
    {
        var (waiting, kept) = (Publish("/user/alice/queue/q"), Publish("/topic/t"));
        var later = Publish("/topic/t");
        _node.Time.StepUtc(TimeSpan.FromHours(stepHours));
        _node.Advance(6_000);
        var during = Publish("/topic/t");
        _node.Time.StepUtc(TimeSpan.FromHours(-stepHours));
        _node.Advance(6_000);
        var after = Publish("/topic/t");
        Assert.True(later < during && during < after);
        Assert.InRange(Protocol.Ids.Snowflake.UnixMs(after) - Protocol.Ids.Snowflake.UnixMs(later), 10_000, 14_000);

        var alice = _node.Connect().Subscribe("/user/queue/q");
        Assert.Equal($"{waiting}", Assert.Single(alice.Take())["message-id"]);
        alice.Send($"SUBSCRIBE\nid:1\ndestination:/topic/t\nlast-event-id:{kept}\n\n");
        Assert.Equal([$"{later}", $"{during}", $"{after}"], alice.Take().Select(m => m["message-id"]));
        Assert.Equal(2, _node.Node.Sessions.Count);
    }
}
