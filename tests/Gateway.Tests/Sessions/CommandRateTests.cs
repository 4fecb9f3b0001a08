using FastPush.Gateway.Stomp;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Every command costs: its own token, or what somebody paid for it. Coming back brings no new tokens.</summary>
[Collection(NodeCollection.Name)]
public sealed class CommandRateTests : IDisposable
{
    private const int Burst = 20;

    private readonly TestNode _node =
        new(o => o with { Limits = o.Limits with { CommandBurst = Burst, CommandsPerSecond = 10 } }) { ChecksBytes = false };

    public void Dispose() => _node.Dispose();

    public static TheoryData<string> Costly { get; } =
    [
        "SUBSCRIBE\nid:{i}\ndestination:/topic/{i}\n\n",
        "ACK\nid:0123456789abcdef-1-1\n\n",
        "NACK\nid:0123456789abcdef-1-1\n\n",
        "BEGIN\ntransaction:t\n\n|ABORT\ntransaction:t\n\n",
        "SUBSCRIBE\nid:a\ndestination:/user/queue/a\n\n|UNSUBSCRIBE\nid:a\n\n",
    ];

    [Theory]
    [MemberData(nameof(Costly))]
    public void A_command_costs_a_token(string frames)
    {
        var client = Connect();
        var sent = SendUntilClosed(client, i =>
        {
            var parts = frames.Replace("{i}", $"{i}", StringComparison.Ordinal).Split('|');
            return ClientBytes.Stomp(parts[i % parts.Length]);
        });
        Assert.Equal("rate limit", client.ExpectRefusal(1008)["message"]);
        Assert.Equal(Burst + 2 + CommandRate.FreePerConnection, sent - 1);
    }

    [Theory]
    [InlineData(9, "ping")]
    [InlineData(10, "pong")]
    [InlineData(1, "\n")]
    [InlineData(1, "")]
    public void A_WebSocket_frame_without_a_command_costs_one_too(int opcode, string payload)
    {
        var client = Connect();
        var sent = SendUntilClosed(client, _ => ClientBytes.Frame(opcode, System.Text.Encoding.ASCII.GetBytes(payload)));
        Assert.Equal(["rate limit"], client.Take().Where(f => f.Command == "ERROR").Select(f => f["message"]));
        Assert.Equal(Burst + 2 + CommandRate.FreePerConnection, sent - 1);
    }

    [Fact]
    public void Before_CONNECT_only_the_first_few_are_free()
    {
        var client = _node.Open(null);
        var sent = SendUntilClosed(client, _ => ClientBytes.Frame(9, "ping"u8));
        Assert.Equal(CommandRate.FreePerConnection, sent - 1);
    }

    [Fact]
    public void Coming_back_brings_no_tokens_but_the_free_ones_and_time_brings_more()
    {
        SendUntilClosed(Connect(), Subscribe);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(CommandRate.FreePerConnection, SendUntilClosed(Connect(), Subscribe) - 1);
        }

        Assert.True(SendUntilClosed(Connect("bob"), Subscribe) - 1 > Burst); // Another user has a bucket of its own.
        _node.Advance(1000);
        Assert.Equal(10 + 2 + CommandRate.FreePerConnection, SendUntilClosed(Connect(), Subscribe) - 1);
    }

    [Fact]
    public void An_ACK_that_settles_costs_nothing_and_one_that_does_not_costs_a_token()
    {
        var client = Connect().Subscribe("/topic/a", "ack:client-individual\n");
        var bob = _node.Connect("bob");
        for (var i = 0; i < 10 * Burst; i++)
        {
            bob.Publish("/topic/a", "x");
            client.Ack(client.Next());
        }

        Assert.Equal(Gateway.Sessions.SessionState.Open, client.Session.State);
    }

    [Fact]
    public void Who_has_no_message_rate_pays_for_no_transactions_but_for_subscriptions()
    {
        var backend = _node.Connect("backend");
        for (var i = 0; i < 10 * Burst; i++)
        {
            backend.Send("BEGIN\ntransaction:t\n\n", "COMMIT\ntransaction:t\n\n");
        }

        Assert.Empty(backend.Take());
        SendUntilClosed(backend, Subscribe);
        Assert.Equal("rate limit", backend.ExpectRefusal(1008)["message"]);
    }

    [Fact]
    public void Clients_that_come_back_after_a_restart_and_subscribe_to_a_thousand_destinations_pass()
    {
        using var node = new TestNode { ChecksBytes = false };
        for (var connection = 0; connection < 5; connection++)
        {
            var client = node.Connect();
            client.Send([.. Enumerable.Range(0, 1000).Select(i => $"SUBSCRIBE\nid:{i}\ndestination:/topic/{i}\n\n")]);
            Assert.Empty(client.Take());
        }

        for (var connection = 0; connection < 2000; connection++)
        {
            Assert.Empty(node.Connect().Subscribe("/user/queue/q").Take());
        }
    }

    [Theory]
    [InlineData("1.0", "")]
    [InlineData("1.1", "subscription:{s}\n")]
    public void Deliveries_are_found_by_message_id_however_many_wait(string version, string header)
    {
        using var node = new TestNode { ChecksBytes = false };
        var client = node.Connect(versions: version);
        for (var s = 0; s < 50; s++)
        {
            client.Subscribe($"/topic/{s}", "ack:client-individual\nprefetch-count:1024\n", id: $"{s}");
        }

        var bob = node.Connect("bob");
        for (var s = 0; s < 50; s++)
        {
            bob.Send([.. Enumerable.Range(0, 100).Select(i => $"SEND\ndestination:/topic/{s}\n\n{i}")]);
        }

        var messages = client.Take();
        Assert.Equal(5000, messages.Count);
        foreach (var message in messages.OrderBy(m => m.Body, StringComparer.Ordinal))
        {
            var named = header.Replace("{s}", message["subscription"], StringComparison.Ordinal);
            client.Send($"ACK\n{named}message-id:{message["message-id"]}\n\n");
        }

        Assert.Equal(5000, node.Node.Metrics.MessagesAcked);
    }

    private StompClient Connect(string user = "alice")
    {
        var client = _node.Open(_node.Principal(user, burst: 1, perSecond: 1));
        client.Connect();
        return client;
    }

    private static byte[] Subscribe(int i) => ClientBytes.Stomp($"SUBSCRIBE\nid:{i}\ndestination:/topic/{i}\n\n");

    // How many were sent, with the one that was too many.
    private static int SendUntilClosed(StompClient client, Func<int, byte[]> bytes)
    {
        var sent = 0;
        while (client.Session.State < Gateway.Sessions.SessionState.Closing && sent < 1000)
        {
            client.Raw(bytes(sent++));
        }

        return sent;
    }
}
