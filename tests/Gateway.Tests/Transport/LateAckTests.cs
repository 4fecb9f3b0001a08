using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>An ACK that waited for the network while its client came back on another connection, over real sockets.</summary>
public sealed class LateAckTests(LateAckTests.Fixture fixture) : IClassFixture<LateAckTests.Fixture>
{
    [Theory]
    [InlineData("client", "ACK")]
    [InlineData("client", "NACK")]
    [InlineData("client-individual", "ACK")]
    [InlineData("client-individual", "NACK")]
    public async Task It_settles_no_message_of_the_new_connection(string mode, string command)
    {
        var user = $"{mode}-{command}";
        string old;
        using (var early = await ConnectAsync(user, mode))
        {
            await PublishAsync(user, "first");
            old = (await early.NextAsync())["ack"];
            await early.StompAsync($"ACK\nid:{old}\nreceipt:acked\n\n");
            Assert.Equal("acked", (await early.NextAsync())["receipt-id"]);
        }

        using (var late = await ConnectAsync(user, mode))
        {
            await PublishAsync(user, "second");
            Assert.Equal("second", (await late.NextAsync()).Body);
            await late.StompAsync($"{command}\nid:{old}\nreceipt:late\n\n");
            Assert.Equal("late", (await late.NextAsync())["receipt-id"]);
        }

        using var last = await ConnectAsync(user, mode);
        var again = await last.NextAsync();
        Assert.Equal(("second", "true"), (again.Body, again["redelivered"]));
    }

    private async Task<RawClient> ConnectAsync(string user, string mode)
    {
        var client = await RawClient.StompAsync(fixture.Gateway, user);
        await client.StompAsync($"SUBSCRIBE\nid:0\ndestination:/user/queue/q\nack:{mode}\n\n");
        return client;
    }

    private async Task PublishAsync(string user, string body)
    {
        using var bob = await RawClient.StompAsync(fixture.Gateway, "bob");
        await bob.StompAsync($"SEND\ndestination:/user/{user}/queue/q\nreceipt:r\n\n{body}");
        Assert.Equal("r", (await bob.NextAsync())["receipt-id"]);
    }

    public sealed class Fixture() : GatewayFixture();
}
