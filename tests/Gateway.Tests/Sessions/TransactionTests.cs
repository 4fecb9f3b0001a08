using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>STOMP 1.2, "BEGIN", "COMMIT", "ABORT".</summary>
[Collection(NodeCollection.Name)]
public sealed class TransactionTests : IDisposable
{
    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { Transactions = 2, TransactionFrames = 3 } });
    private readonly StompClient _alice;
    private readonly StompClient _bob;

    public TransactionTests()
    {
        _alice = _node.Connect().Subscribe("/topic/a");
        _bob = _node.Connect("bob");
    }

    public void Dispose() => _node.Dispose();

    private static string Send(string body, string transaction = "t") => $"SEND\ndestination:/topic/a\ntransaction:{transaction}\n\n{body}";

    [Fact]
    public void COMMIT_publishes_in_order_and_nothing_goes_out_before()
    {
        _bob.Send("BEGIN\ntransaction:t\n\n", Send("1"), Send("2"));
        Assert.Empty(_alice.Take());
        _bob.Publish("/topic/a", "outside");
        _bob.Send("COMMIT\ntransaction:t\n\n");
        Assert.Equal(["outside", "1", "2"], _alice.TakeBodies());
        Assert.Empty(_bob.Take());
    }

    [Fact]
    public void ABORT_and_the_end_of_the_connection_drop_what_was_held()
    {
        _bob.Send("BEGIN\ntransaction:t\n\n", Send("1"), "ABORT\ntransaction:t\n\n");
        _bob.Send("BEGIN\ntransaction:t\n\n", Send("2"), "DISCONNECT\n\n");
        _bob.End();
        Assert.Empty(_alice.Take());
    }

    [Fact]
    public void ACK_and_NACK_wait_for_the_COMMIT()
    {
        var client = _node.Connect("carol").Subscribe("/topic/b", "ack:client-individual\n");
        _bob.Send("SEND\ndestination:/topic/b\n\n1", "SEND\ndestination:/topic/b\n\n2");
        var messages = client.Take();
        client.Send(
            "BEGIN\ntransaction:t\n\n",
            $"ACK\nid:{messages[0]["ack"]}\ntransaction:t\n\n",
            $"NACK\nid:{messages[1]["ack"]}\ntransaction:t\n\n");
        Assert.Equal(2, client.Session.Subscriptions.Items[0].Window!.Count);
        Assert.Empty(client.Take());
        client.Send("COMMIT\ntransaction:t\n\n");
        Assert.Equal(("2", "true"), (client.Next() is var m ? m.Body : "", m["redelivered"]));
        Assert.Equal(1, client.Session.Subscriptions.Items[0].Window!.Count);
    }

    [Fact]
    public void Two_may_be_open_side_by_side_and_a_third_is_refused()
    {
        _bob.Send("BEGIN\ntransaction:t\n\n", "BEGIN\ntransaction:u\n\n", Send("u1", "u"), Send("t1"), "COMMIT\ntransaction:u\n\n");
        Assert.Equal(["u1"], _alice.TakeBodies());
        _bob.Send("BEGIN\ntransaction:v\n\n");
        Assert.Empty(_bob.Take());
        _bob.Send("BEGIN\ntransaction:w\nreceipt:r\n\n");
        var error = _bob.ExpectRefusal(1002);
        Assert.Equal(("bad transaction", "r"), (error["message"], error["receipt-id"]));
    }

    [Fact]
    public void A_name_is_open_once()
    {
        _bob.Send("BEGIN\ntransaction:t\n\n", "BEGIN\ntransaction:t\n\n");
        _bob.ExpectRefusal(1002);
    }

    [Fact]
    public void The_frames_of_all_transactions_are_bounded()
    {
        _bob.Send("BEGIN\ntransaction:t\n\n", "BEGIN\ntransaction:u\n\n", Send("1"), Send("2", "u"), Send("3"));
        Assert.Empty(_bob.Take());
        _bob.Send(Send("4"));
        _bob.ExpectRefusal(1002);
        Assert.Empty(_alice.Take());
    }

    [Fact]
    public void What_was_committed_makes_room_again()
    {
        for (var i = 0; i < 5; i++)
        {
            _bob.Send("BEGIN\ntransaction:t\n\n", Send("1"), Send("2"), Send("3"), "COMMIT\ntransaction:t\n\n");
            Assert.Equal(["1", "2", "3"], _alice.TakeBodies());
        }
    }
}
