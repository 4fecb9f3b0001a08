using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Review;

/// <summary>A client that reads just slowly enough never to have everything.</summary>
[Collection(NodeCollection.Name)]
public sealed class SlowReaderTests : IDisposable
{
    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { CommandsPerSecond = 0 } });

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Memory_does_not_grow_with_what_was_sent_while_some_bytes_always_wait()
    {
        var client = _node.Connect();
        var ping = ClientBytes.Frame(9, new byte[125]);
        client.Link.Block();
        for (var i = 0; i < 200; i++)
        {
            client.Raw([.. ping]);
        }

        var before = BytePool.OutstandingBytes;
        for (var i = 0; i < 20_000; i++)
        {
            client.Raw([.. ping]);
            client.Link.Unblock(127);
        }

        Assert.Equal(SessionState.Open, client.Session.State);
        Assert.InRange(BytePool.OutstandingBytes - before, long.MinValue, 256 << 10);
    }
}
