using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Review;

/// <summary>A fault of the gateway with one client costs that client its connection, and nobody else anything.</summary>
[Collection(NodeCollection.Name)]
public sealed class FaultTests : IDisposable
{
    // What a fault interrupts leaves its buffer to the collector.
    private readonly TestNode _node = new() { ChecksBytes = false };

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("/topic/a", "")]
    [InlineData("/topic/a", "ack:client\n")]
    [InlineData("/user/queue/a", "")]
    public void In_the_middle_of_a_batch(string destination, string headers)
    {
        var link = new FaultyLink();
        var faulty = new Session(_node.Node, link, WireFormat.Stomp12, 1000);
        _node.Node.Sessions.Add(faulty);
        Assert.True(faulty.Open(_node.Principal()));
        var key = System.Text.Encoding.UTF8.GetBytes(destination.Replace("/user/", "/user/alice/", StringComparison.Ordinal));
        var mode = headers.Length > 0 ? AckMode.Client : AckMode.Auto;
        var wish = new SubscriptionWish(mode, OverflowPolicy.Close, 1, null);
        Assert.False(Completed.Of(Subscriber.Add(faulty, key, SubscriptionHeads.WithoutId, wish)));
        var good = _node.Connect().Subscribe(destination);
        var other = _node.Connect("other").Subscribe("/topic/other");
        link.IsFaulty = true;

        var to = System.Text.Encoding.UTF8.GetString(key);
        _node.Connect("bob").Send($"SEND\ndestination:{to}\n\n1", "SEND\ndestination:/topic/other\n\n2", $"SEND\ndestination:{to}\n\n3");
        Assert.Equal(["1", "3"], good.TakeBodies());
        Assert.Equal(["2"], other.TakeBodies());
        Assert.True(faulty.State >= SessionState.Closing);
        Assert.Contains("link fault", Assert.Single(_node.Errors), StringComparison.Ordinal);
        _node.Errors.Clear();
        SessionCloser.End(faulty, CloseReason.PeerGone);
    }

    [Fact]
    public void In_a_tick_that_goes_on_with_the_sessions_behind_it()
    {
        var link = new FaultyLink();
        var faulty = new Session(_node.Node, link, WireFormat.Stomp12, 1000) { SendEveryMs = 1000 };
        _node.Node.Sessions.Add(faulty);
        Assert.True(faulty.Open(_node.Principal()));
        var good = _node.Connect("good", heartBeat: "0,10000");
        link.IsFaulty = true;
        _node.Advance(10_000);
        Assert.Contains(good.Take(), f => f.Command == "BEAT");
        Assert.True(faulty.State >= SessionState.Closing);
        Assert.NotEmpty(_node.Errors);
        _node.Errors.Clear();
        SessionCloser.End(faulty, CloseReason.PeerGone);
    }

    private sealed class FaultyLink : Link
    {
        private int _faults;

        public bool IsFaulty { get; set; }

        public override int TrySend(ReadOnlySpan<byte> bytes) =>
            IsFaulty && _faults++ == 0 ? throw new InvalidOperationException("link fault") : bytes.Length;

        public override void SendWhenWritable(ReadOnlyMemory<byte> rest) => throw new NotSupportedException();

        public override void EndSend() => IsFaulty = false;

        public override void Abort() => IsFaulty = false;
    }
}
