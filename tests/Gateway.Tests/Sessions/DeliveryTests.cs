using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>What subscribers get, and what comes of what they acknowledge.</summary>
[Collection(NodeCollection.Name)]
public sealed class DeliveryTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_message_carries_what_the_sender_gave_and_what_the_gateway_knows()
    {
        var client = _node.Connect().Subscribe("/topic/room.1", id: "sub");
        _node.Connect("bob").Publish("/topic/room.1", "héllo", "content-type:text/plain\nid:mine\nx-mine:a\\nb\nreceipt:r\n");
        var message = client.Next();
        Assert.Equal("MESSAGE", message.Command);
        Assert.Equal(("sub", "/topic/room.1", "héllo"), (message["subscription"], message["destination"], message.Body));
        Assert.Equal(("text/plain", "a\\nb", "6"), (message["content-type"], message["x-mine"], message["content-length"]));
        Assert.Equal("mine", message["id"]);
        Assert.Equal("1800000000000", message["timestamp"]);
        Assert.True(long.Parse(message["message-id"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Equal(("", "", ""), (message["ack"], message["redelivered"], message["receipt"]));
        Assert.False(message.IsBinary);
    }

    [Fact]
    public void What_is_not_UTF_8_travels_in_binary_messages()
    {
        var client = _node.Connect().Subscribe("/topic/a");
        var bytes = "SEND\ndestination:/topic/a\ncontent-length:2\n\n"u8.ToArray();
        _node.Connect("bob").Raw(ClientBytes.Frame(2, [.. bytes, 0xC3, 0x28, 0]));
        Assert.True(client.Next().IsBinary);
    }

    [Fact]
    public void A_frame_may_come_in_pieces_and_several_in_one_message()
    {
        var client = _node.Connect().Subscribe("/topic/a");
        var bob = _node.Connect("bob");
        var text = "SEND\ndestination:/topic/a\n\n1\0\nSEND\ndestination:/topic/a\n\n2\0\n"u8.ToArray();
        bob.Raw(ClientBytes.Frame(1, text));
        bob.Raw([.. ClientBytes.Frame(1, text.AsSpan(0, 20), fin: false), .. ClientBytes.Frame(0, text.AsSpan(20))]);
        bob.Raw([.. ClientBytes.Frame(1, text.AsSpan(0, 40)), .. ClientBytes.Frame(1, text.AsSpan(40))]);
        foreach (var one in ClientBytes.Frame(1, text))
        {
            bob.Raw([one]);
        }

        Assert.Equal(["1", "2", "1", "2", "1", "2", "1", "2"], client.TakeBodies());
    }

    [Fact]
    public void Each_command_that_asks_for_a_receipt_gets_one_and_SEND_learns_its_message_id()
    {
        var client = _node.Connect();
        client.Send(
            "SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nreceipt:r1\n\n",
            "BEGIN\ntransaction:t\nreceipt:r2\n\n",
            $"ACK\nid:{client.AckId("1-1")}\ntransaction:t\nreceipt:r3\n\n",
            $"NACK\nid:{client.AckId("1-9")}\nreceipt:r4\n\n",
            "COMMIT\ntransaction:t\nreceipt:r5\n\n",
            "BEGIN\ntransaction:t\nreceipt:r6\n\n",
            "ABORT\ntransaction:t\nreceipt:r7\n\n",
            "UNSUBSCRIBE\nid:1\nreceipt:r8\n\n",
            "SEND\ndestination:/topic/a\nreceipt:r\\c9\n\nx");
        var receipts = client.Take();
        Assert.Equal(["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r\\c9"], receipts.Select(f => f["receipt-id"]));
        Assert.All(receipts, f => Assert.Equal("RECEIPT", f.Command));
        Assert.Equal([false, false, false, false, false, false, false, false, true], receipts.Select(f => f["message-id"].Length > 0));
    }

    [Fact]
    public void A_receipt_longer_than_a_line_buffer_comes_back_whole()
    {
        var receipt = new string('r', 4000);
        var client = _node.Connect();
        client.Send($"SEND\ndestination:/topic/a\nreceipt:{receipt}\n\nx");
        Assert.Equal(receipt, client.Next()["receipt-id"]);
    }

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.2")]
    public void A_client_settles_cumulatively_and_individually_in_each_version(string version)
    {
        foreach (var (mode, open) in new[] { ("client", 2), ("client-individual", 4) })
        {
            using var node = new TestNode();
            var client = node.Connect(versions: version).Subscribe("/user/queue/q", $"ack:{mode}\n");
            var bob = node.Connect("bob");
            for (var i = 1; i <= 5; i++)
            {
                bob.Publish("/user/alice/queue/q", $"{i}");
            }

            var messages = client.Take();
            Assert.Equal(["1", "2", "3", "4", "5"], messages.Select(m => m.Body));
            var third = messages[2];
            client.Send(version switch
            {
                "1.2" => $"ACK\nid:{third["ack"]}\n\n",
                "1.1" => $"ACK\nsubscription:0\nmessage-id:{third["message-id"]}\n\n",
                _ => $"ACK\nmessage-id:{third["message-id"]}\n\n",
            });
            Assert.Equal(open, client.Session.Subscriptions.Items[0].Window!.Count);
            var acked = messages.Count(m => node.StateOf(m["message-id"], "alice") == DeliveryState.Acked);
            Assert.Equal(5 - open, acked);
            Assert.Equal(5 - open, node.Node.Metrics.MessagesAcked);
        }
    }

    [Fact]
    public void Only_1_2_names_deliveries_by_an_ack_header_and_all_say_which_subscription()
    {
        foreach (var version in new[] { "1.0", "1.1", "1.2" })
        {
            var client = _node.Connect(versions: version).Subscribe($"/topic/{version}", "ack:client\n", id: "7");
            _node.Connect("bob").Publish($"/topic/{version}", "x");
            var message = client.Next();
            Assert.Equal(version == "1.2" ? client.AckId("1-1") : "", message["ack"]);
            Assert.Equal("7", message["subscription"]);
        }
    }

    [Fact]
    public void A_1_0_client_may_subscribe_without_an_id_and_unsubscribe_by_destination()
    {
        var client = _node.Connect(versions: "1.0");
        client.Send("SUBSCRIBE\ndestination:/topic/a\n\n");
        var bob = _node.Connect("bob");
        bob.Publish("/topic/a", "x");
        Assert.Equal("", client.Next()["subscription"]);
        client.Send("UNSUBSCRIBE\ndestination:/topic/a\n\n");
        bob.Publish("/topic/a", "y");
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Headers_are_escaped_for_the_version_of_each_receiver()
    {
        var clients = new[] { "1.0", "1.1", "1.2" }.Select(v => _node.Connect(versions: v).Subscribe("/topic/a")).ToList();
        _node.Connect("bob").Publish("/topic/a", "x", "h:a\\cb\\\\c\n");
        Assert.Equal(["a:b\\c", "a\\cb\\\\c", "a\\cb\\\\c"], clients.Select(c => c.Next()["h"]));
    }

    [Fact]
    public void Acknowledging_twice_or_what_was_never_sent_is_no_fault()
    {
        var client = _node.Connect().Subscribe("/topic/a", "ack:client-individual\n");
        _node.Connect("bob").Publish("/topic/a", "x");
        var message = client.Next();
        client.Ack(message);
        client.Ack(message);
        client.Nack(message);
        client.Send([.. new[] { "1-999", "99-1", "1-999999999999999999" }.Select(d => $"ACK\nid:{client.AckId(d)}\n\n")]);
        Assert.Empty(client.Take());
        Assert.Equal(1, _node.Node.Metrics.MessagesAcked);
    }

    [Fact]
    public void The_window_pauses_deliveries_and_an_ACK_resumes_them_in_order()
    {
        var client = _node.Connect().Subscribe("/topic/a", "ack:client-individual\nprefetch-count:2\n");
        var bob = _node.Connect("bob");
        for (var i = 1; i <= 5; i++)
        {
            bob.Publish("/topic/a", $"{i}");
        }

        var first = client.Take();
        Assert.Equal(["1", "2"], first.Select(m => m.Body));
        client.Ack(first[1]);
        var third = client.Next();
        Assert.Equal("3", third.Body);
        client.Send($"ACK\nid:{first[0]["ack"]}\n\n", $"ACK\nid:{third["ack"]}\n\n");
        Assert.Equal(["4", "5"], client.TakeBodies());
    }

    [Fact]
    public void What_is_not_acknowledged_is_repeated_three_times_and_then_dead()
    {
        var client = _node.Connect().Subscribe("/user/queue/q", "ack:client-individual\n");
        _node.Connect("bob").Publish("/user/alice/queue/q", "x");
        var first = client.Next();
        Assert.Equal("", first["redelivered"]);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            _node.Advance(29_500);
            Assert.Empty(client.Take());
            _node.Advance(500);
            var again = client.Next();
            Assert.Equal(
                ("true", first["message-id"], first["ack"], "x"),
                (again["redelivered"], again["message-id"], again["ack"], again.Body));
            Assert.Equal(attempt, _node.Node.Metrics.MessagesRedelivered);
            Assert.Equal(DeliveryState.Delivered, _node.StateOf(first["message-id"], "alice"));
        }

        _node.Advance(31_000);
        Assert.Empty(client.Take());
        Assert.Equal(DeliveryState.Dead, _node.StateOf(first["message-id"], "alice"));
        Assert.Equal(1, _node.Node.Metrics.FailedBy(FailureKind.Unacknowledged));
        var letter = Assert.Single(_node.Node.DeadLetters.Snapshot());
        Assert.Equal(("alice", "q", FailureKind.Unacknowledged), (letter.User, letter.Queue, letter.Why));
        client.Ack(first);
        Assert.Equal(DeliveryState.Dead, _node.StateOf(first["message-id"], "alice"));
    }

    [Fact]
    public void A_NACK_repeats_at_once_and_after_the_last_retry_gives_up()
    {
        var client = _node.Connect().Subscribe("/topic/a", "ack:client-individual\n");
        _node.Connect("bob").Publish("/topic/a", "x");
        var message = client.Next();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            client.Nack(message);
            Assert.Equal("true", client.Next()["redelivered"]);
        }

        client.Nack(message);
        Assert.Empty(client.Take());
        Assert.Single(_node.Node.DeadLetters.Snapshot());
        Assert.Equal(0, client.Session.Subscriptions.Items[0].Window!.Count);
    }

    [Fact]
    public void A_NACK_in_client_mode_repeats_all_up_to_it()
    {
        var client = _node.Connect().Subscribe("/topic/a", "ack:client\n");
        var bob = _node.Connect("bob");
        bob.Send("SEND\ndestination:/topic/a\n\n1", "SEND\ndestination:/topic/a\n\n2", "SEND\ndestination:/topic/a\n\n3");
        client.Nack(client.Take()[1]);
        Assert.Equal(["1", "2"], client.TakeBodies());
    }

    [Fact]
    public void A_repeat_does_not_take_a_place_in_the_window_and_makes_one_when_it_dies()
    {
        using var node = new TestNode(o => o with { Ack = o.Ack with { Retries = 0 } });
        var client = node.Connect().Subscribe("/topic/a", "ack:client-individual\nprefetch-count:1\n");
        node.Connect("bob").Send("SEND\ndestination:/topic/a\n\n1", "SEND\ndestination:/topic/a\n\n2");
        client.Nack(client.Next());
        Assert.Equal("2", client.Next().Body);
    }

    [Fact]
    public void Unsubscribed_means_no_more_messages()
    {
        var client = _node.Connect().Subscribe("/topic/a", id: "a").Subscribe("/topic/a", id: "b");
        var bob = _node.Connect("bob");
        client.Send("UNSUBSCRIBE\nid:a\n\n");
        bob.Publish("/topic/a", "x");
        Assert.Equal("b", client.Next()["subscription"]);
        client.Send("UNSUBSCRIBE\nid:b\n\n");
        bob.Publish("/topic/a", "y");
        Assert.Empty(client.Take());
    }

    [Fact]
    public void A_publisher_that_subscribes_gets_its_own_message_behind_the_receipt()
    {
        var client = _node.Connect().Subscribe("/topic/a");
        client.Publish("/topic/a", "x", "receipt:r\n");
        Assert.Equal(["RECEIPT", "MESSAGE"], client.Take().Select(f => f.Command).Order(StringComparer.Ordinal).Reverse());
    }

    [Fact]
    public void One_read_batch_over_several_topics_keeps_the_order_within_each()
    {
        var client = _node.Connect().Subscribe("/topic/a", id: "a").Subscribe("/topic/b", "ack:client\n", id: "b");
        _node.Connect("bob").Send([.. Enumerable.Range(0, 40).Select(i => $"SEND\ndestination:/topic/{(i % 3 == 0 ? 'a' : 'b')}\n\n{i}")]);
        var messages = client.Take();
        Assert.Equal(40, messages.Count);
        foreach (var one in messages.GroupBy(m => m["destination"]))
        {
            var numbers = one.Select(m => int.Parse(m.Body, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    [Fact]
    public void Deliveries_are_counted_and_timed()
    {
        _node.Advance(1); // A reading of 0 means "not measured".
        _node.Connect().Subscribe("/topic/a", id: "1").Subscribe("/topic/a", "ack:client\n", id: "2");
        _node.Connect("bob").Publish("/topic/a", "x");
        var metrics = _node.Node.Metrics;
        Assert.Equal((1, 2), (metrics.MessagesPublished, metrics.MessagesDelivered));
        Assert.Equal(2, Enumerable.Range(0, LatencyHistogram.Bounds.Length + 1).Sum(metrics.DeliveryLatency.CountAt));
    }
}
