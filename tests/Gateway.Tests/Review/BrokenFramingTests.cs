using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Review;

/// <summary>After a fault in the WebSocket framing the bytes mean nothing any more.</summary>
[Collection(NodeCollection.Name)]
public sealed class BrokenFramingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Input_is_read_and_thrown_away_so_that_the_close_does_not_reset_the_connection(int firstRead)
    {
        using var node = new TestNode();
        var client = node.Connect();
        byte[] notMasked = [0x81, 0x05];
        client.Raw(notMasked[..firstRead]);
        if (firstRead < notMasked.Length)
        {
            client.Raw(notMasked[firstRead..]);
        }

        client.ExpectRefusal(1002);
        client.Raw(ClientBytes.Close(1000));
        client.Raw(new byte[1000]);
        Assert.False(client.Connection.IsInputOver);
        Assert.Empty(client.Take());
    }
}
