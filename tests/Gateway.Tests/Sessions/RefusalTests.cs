using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Each fault is answered with one ERROR that names the offender's receipt, and one close frame.</summary>
[Collection(NodeCollection.Name)]
public sealed class RefusalTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    public static TheoryData<string> NotBeforeConnect { get; } =
    [
        "SEND\ndestination:/topic/a\nreceipt:r-1\n\nx",
        "SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r-1\n\n",
        "UNSUBSCRIBE\nid:1\nreceipt:r-1\n\n",
        "ACK\nid:1-1\nreceipt:r-1\n\n",
        "NACK\nid:1-1\nreceipt:r-1\n\n",
        "BEGIN\ntransaction:t\nreceipt:r-1\n\n",
        "COMMIT\ntransaction:t\nreceipt:r-1\n\n",
        "ABORT\ntransaction:t\nreceipt:r-1\n\n",
        "DISCONNECT\nreceipt:r-1\n\n",
    ];

    [Theory]
    [MemberData(nameof(NotBeforeConnect))]
    public void A_command_before_CONNECT(string frame)
    {
        var client = _node.Open(_node.Principal());
        client.Send(frame);
        var error = client.ExpectRefusal(1002);
        Assert.Equal(("not connected", "r-1"), (error["message"], error["receipt-id"]));
    }

    [Theory]
    [InlineData("CONNECT\naccept-version:1.2\nreceipt:r-1\n\n")]
    [InlineData("STOMP\naccept-version:1.2\nreceipt:r-1\n\n")]
    public void A_second_CONNECT(string frame)
    {
        var client = _node.Connect();
        client.Send(frame);
        var error = client.ExpectRefusal(1002);
        Assert.Equal(("already connected", "r-1"), (error["message"], error["receipt-id"]));
    }

    [Theory]
    [InlineData("SEND\nreceipt:r-1\n\nx", 1002, "missing header")]
    [InlineData("SEND\ndestination:\nreceipt:r-1\n\nx", 1002, "missing header")]
    [InlineData("SEND\ndestination:/queue/a\nreceipt:r-1\n\nx", 1002, "bad destination")]
    [InlineData("SEND\ndestination:/topic/\nreceipt:r-1\n\nx", 1002, "bad destination")]
    [InlineData("SEND\ndestination:/topic/a\\nb\nreceipt:r-1\n\nx", 1002, "bad destination")]
    [InlineData("SEND\ndestination:/user/queue/messages\nreceipt:r-1\n\nx", 1002, "bad destination")]
    [InlineData("SEND\ndestination:/topic/a\ntransaction:none\nreceipt:r-1\n\nx", 1002, "bad transaction")]
    [InlineData("SUBSCRIBE\nid:1\nreceipt:r-1\n\n", 1002, "missing header")]
    [InlineData("SUBSCRIBE\ndestination:/topic/a\nreceipt:r-1\n\n", 1002, "missing header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:nowhere\nreceipt:r-1\n\n", 1002, "bad destination")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:maybe\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\nprefetch-count:0\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\nprefetch-count:ten\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\nlast-event-id:abc\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\noverflow:explode\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/user/bob/queue/messages\nreceipt:r-1\n\n", 1008, "forbidden")]
    [InlineData("UNSUBSCRIBE\nreceipt:r-1\n\n", 1002, "missing header")]
    [InlineData("UNSUBSCRIBE\nid:none\nreceipt:r-1\n\n", 1002, "no such subscription")]
    [InlineData("ACK\nreceipt:r-1\n\n", 1002, "missing header")]
    [InlineData("ACK\nid:nonsense\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("NACK\nid:0123456789abcdef-1-\nreceipt:r-1\n\n", 1002, "bad header")]
    [InlineData("ACK\nid:0123456789abcdef-1-1\ntransaction:none\nreceipt:r-1\n\n", 1002, "bad transaction")]
    [InlineData("BEGIN\nreceipt:r-1\n\n", 1002, "missing header")]
    [InlineData("COMMIT\ntransaction:none\nreceipt:r-1\n\n", 1002, "bad transaction")]
    [InlineData("ABORT\ntransaction:none\nreceipt:r-1\n\n", 1002, "bad transaction")]
    public void A_frame_that_asks_for_what_cannot_be(string frame, int code, string message)
    {
        var client = _node.Connect();
        client.Send(frame);
        var error = client.ExpectRefusal(code);
        Assert.Equal((message, "r-1"), (error["message"], error["receipt-id"]));
    }

    [Theory]
    [InlineData("HELLO\n\n", 1002, "unknown command")]
    [InlineData("MESSAGE\n\n", 1002, "unknown command")]
    [InlineData("SEND\nno colon\n\n", 1002, "bad header")]
    [InlineData("SEND\n:x\n\n", 1002, "bad header")]
    [InlineData("SEND\na:\\q\n\n", 1002, "bad escape")]
    [InlineData("SEND\ncontent-length:x\n\n", 1002, "bad content-length")]
    [InlineData("SEND\ncontent-length:1\n\nxyz", 1002, "missing nul")]
    [InlineData("SEND\ncontent-length:99999999\n\nxyz", 1009, "frame too large")]
    public void A_frame_that_cannot_be_read(string frame, int code, string message)
    {
        var client = _node.Connect();
        client.Send(frame);
        Assert.Equal(message, client.ExpectRefusal(code)["message"]);
    }

    [Fact]
    public void The_receipt_of_a_broken_frame_is_named_where_it_can_be_read()
    {
        var client = _node.Connect();
        client.Send("SEND\nreceipt:r-9\ndestination:/topic/a\na:\\q\n\n");
        Assert.Equal("r-9", client.ExpectRefusal(1002)["receipt-id"]);
    }

    [Theory]
    [InlineData("SUBSCRIBE\nid:1\ndestination:/topic/a\ncontent-length:40\nreceipt:r-1\n\nx")]
    [InlineData("DISCONNECT\nreceipt:r-1\n\nbye")]
    public void A_body_where_none_is_allowed_is_refused_at_once(string frame)
    {
        var client = _node.Connect();
        client.Send(frame);
        var error = client.ExpectRefusal(1002);
        Assert.Equal(("unexpected body", "r-1"), (error["message"], error["receipt-id"]));
    }

    [Fact]
    public void A_content_length_without_a_body_hurts_neither_its_frame_nor_the_next()
    {
        var client = _node.Connect();
        client.Send(
            "SUBSCRIBE\nid:1\ndestination:/topic/a\ncontent-length:40\nreceipt:r-1\n\n", "SEND\ndestination:/topic/a\nreceipt:r-2\n\nx");
        var frames = client.Take();
        Assert.Equal(["r-1", "r-2"], frames.Where(f => f.Command == "RECEIPT").Select(f => f["receipt-id"]));
        Assert.Equal("x", Assert.Single(frames, f => f.Command == "MESSAGE").Body);
    }

    [Theory]
    [InlineData("HELLO\nreceipt:R\n\n", "")]
    [InlineData("SEND\ndestination:nowhere\nreceipt:R\n\nx", "R")]
    [InlineData("SEND\nreceipt:R\nbroken\n\nx", "R")]
    [InlineData("UNSUBSCRIBE\nid:none\nreceipt:R\n\n", "R")]
    public void A_receipt_is_named_whatever_its_length(string frame, string named)
    {
        foreach (var length in new[] { 256, 257, 2000, 8000 })
        {
            var receipt = new string('r', length);
            var client = _node.Connect();
            client.Send(frame.Replace("R\n", receipt + "\n", StringComparison.Ordinal));
            var error = client.ExpectRefusal(1002);
            Assert.Equal(named.Length == 0 ? null : receipt, error.Headers.GetValueOrDefault("receipt-id"));
        }
    }

    [Theory]
    [InlineData("", 65)]
    [InlineData("long", 1)]
    public void Header_limits_are_1009(string kind, int headers)
    {
        var client = _node.Connect();
        var value = kind.Length == 0 ? "v" : new string('v', 9000);
        client.Send("SEND\n" + string.Concat(Enumerable.Range(0, headers).Select(i => $"h{i}:{value}\n")) + "\n");
        client.ExpectRefusal(1009);
    }

    public static TheoryData<byte[], int> BadWebSocket { get; } = new()
    {
        { [0x81, 0x01, (byte)'\n'], 1002 }, // Not masked.
        { [0xC1, 0x80, 0, 0, 0, 0], 1002 }, // A reserved bit.
        { [0x83, 0x80, 0, 0, 0, 0], 1002 }, // A reserved opcode.
        { [0x80, 0x80, 0, 0, 0, 0], 1002 }, // A continuation of nothing.
        { [0x09, 0x80, 0, 0, 0, 0], 1002 }, // A ping in fragments.
        { [0x89, 0xFE, 0, 126, 0, 0, 0, 0], 1002 }, // A ping too long.
        { [0x81, 0xFE, 0, 5, 0, 0, 0, 0], 1002 }, // A length not in its shortest form.
        { [0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 1009 },
        { [0x81, 0x88, 0, 0, 0, 0, .. "SEND\n\n"u8, 0xC3, 0x28], 1007 }, // Not UTF-8.
        { [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], 1002 }, // Close code 1005.
    };

    [Theory]
    [MemberData(nameof(BadWebSocket))]
    public void A_WebSocket_fault_in_one_read_and_byte_by_byte(byte[] bytes, int code)
    {
        var whole = _node.Connect();
        whole.Raw([.. bytes]);
        whole.ExpectRefusal(code);

        var slow = _node.Connect();
        foreach (var one in bytes)
        {
            slow.Raw([one]);
        }

        slow.ExpectRefusal(code);
    }

    [Fact]
    public void What_comes_after_a_fault_in_the_same_read_is_thrown_away()
    {
        var watcher = _node.Connect("bob").Subscribe("/topic/a");
        var client = _node.Connect();
        client.Send("SEND\ndestination:/topic/a\n\nbefore", "HELLO\n\n", "SEND\ndestination:/topic/a\n\nafter", "HELLO\n\n");
        client.ExpectRefusal(1002);
        Assert.Equal(["before"], watcher.TakeBodies());
        client.Send("SEND\ndestination:/topic/a\n\nlater");
        Assert.Empty(client.Take());
        Assert.Empty(watcher.Take());
    }

    [Fact]
    public void An_ACL_is_kept_for_publish_and_for_subscribe()
    {
        const string Channels = """{"subscribe":["/topic/read.*"],"publish":["/topic/write.1"]}""";
        foreach (var (frame, allowed) in new[]
        {
            ("SEND\ndestination:/topic/write.1\n\n", true),
            ("SEND\ndestination:/topic/write.10\n\n", false),
            ("SEND\ndestination:/topic/read.1\n\n", false),
            ("SEND\ndestination:/user/bob/queue/messages\n\n", false),
            ("SUBSCRIBE\nid:1\ndestination:/topic/read.anything\n\n", true),
            ("SUBSCRIBE\nid:1\ndestination:/topic/write.1\n\n", false),
            ("SUBSCRIBE\nid:1\ndestination:/user/queue/own\n\n", true),
        })
        {
            var client = _node.Open(_node.Principal(channels: Channels));
            client.Connect();
            client.Send(frame);
            if (allowed)
            {
                Assert.Empty(client.Take());
            }
            else
            {
                Assert.Equal("forbidden", client.ExpectRefusal(1008)["message"]);
            }
        }
    }

    [Fact]
    public void Escapes_in_a_destination_cannot_get_around_the_ACL()
    {
        var client = _node.Open(_node.Principal(channels: """{"subscribe":[],"publish":["/topic/a\\cb"]}"""));
        client.Connect();
        client.Send("SEND\ndestination:/topic/a\\cb\n\nx"); // Means /topic/a:b.
        Assert.Equal("forbidden", client.ExpectRefusal(1008)["message"]);
    }

    [Fact]
    public void A_connection_has_a_bounded_number_of_subscriptions()
    {
        using var node = new TestNode(o => o with { Limits = o.Limits with { Subscriptions = 2 } });
        var client = node.Connect().Subscribe("/topic/a", id: "a").Subscribe("/topic/b", id: "b");
        Assert.Empty(client.Take());
        client.Subscribe("/topic/c", id: "c");
        Assert.Equal("too many subscriptions", client.ExpectRefusal(1008)["message"]);
    }

    [Fact]
    public void A_subscription_id_is_used_once_at_a_time()
    {
        var client = _node.Connect().Subscribe("/topic/a", id: "x");
        client.Send("UNSUBSCRIBE\nid:x\n\n");
        client.Subscribe("/topic/b", id: "x");
        Assert.Empty(client.Take());
        client.Subscribe("/topic/c", id: "x");
        Assert.Equal("duplicate subscription", client.ExpectRefusal(1002)["message"]);
    }

    [Fact]
    public void When_the_memory_for_messages_is_full_publishers_are_told_to_come_back()
    {
        using var node = new TestNode(o => o with { Limits = o.Limits with { MessageMemoryBytes = 1 << 20 } });
        var client = node.Connect();
        for (var i = 0; i < 1100 && client.Session.State == SessionState.Open; i++)
        {
            client.Publish("/user/bob/queue/messages", new string('x', 1800));
        }

        Assert.Equal("overload", client.ExpectRefusal(1013)["message"]);
        Assert.InRange(node.Node.Pool.OutstandingBytes, (1 << 20) - 4096, 1 << 20);
    }
}
