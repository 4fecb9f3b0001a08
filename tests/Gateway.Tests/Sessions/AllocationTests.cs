using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>
/// What happens per message once everything is warm allocates nothing. The count is exact; of several rounds one must be clean, because
/// a collection of another's making may empty the shared array pool in between.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class AllocationTests : IDisposable
{
    private const int WarmUp = 3_000;
    private const int Iterations = 10_000;
    private const int Rounds = 5;

    private readonly TestNode _node = new(o => o with { Limits = o.Limits with { MessageMemoryBytes = 64 << 20 } });
    private readonly StompClient _sender;

    public AllocationTests()
    {
        _sender = Silent("sender");
    }

    public void Dispose() => _node.Dispose();

    private StompClient Silent(string user, string versions = "1.2")
    {
        var client = _node.Open(_node.Principal(user), new MemoryLink(keepBytes: false));
        client.Send($"CONNECT\naccept-version:{versions}\n\n");
        Assert.Equal(SessionState.Open, client.Session.State);
        return client;
    }

    // Receive unmasks in place, so each round works on a copy of the frame as it came.
    private sealed class Replay(StompClient client, byte[] frame)
    {
        private readonly byte[] _scratch = new byte[frame.Length];

        public void Run()
        {
            frame.CopyTo(_scratch, 0);
            client.Receive(_scratch);
        }
    }

    private Replay Sends(string destination, string headers = "", int body = 100) =>
        new(_sender, ClientBytes.Stomp($"SEND\ndestination:{destination}\ncontent-type:text/plain\n{headers}\n{new string('x', body)}"));

    private static void AssertNothing(Action once, int iterations = Iterations, int warmUp = WarmUp)
    {
        for (var i = 0; i < warmUp; i++)
        {
            once();
        }

        Assert.Equal(0, Allocations.Least(once, iterations, Rounds));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void SEND_to_a_topic(int subscribers)
    {
        var clients = Enumerable.Range(0, subscribers).Select(i => Silent($"u{i}").Subscribe("/topic/a")).ToList();
        var before = clients.Sum(c => c.Link.Taken);
        AssertNothing(Sends("/topic/a").Run, subscribers == 100 ? 1_000 : Iterations);
        Assert.All(clients, c => Assert.InRange(c.Link.Taken, 4_000 * 100L, long.MaxValue));
        Assert.Equal(subscribers == 0, clients.Sum(c => c.Link.Taken) == before);
    }

    // More sessions than the runtime's shared pool keeps arrays of a size for.
    [Fact]
    public void Many_SENDs_in_one_read_that_many_sessions_collect()
    {
        const int Sessions = 300;
        var clients = Enumerable.Range(0, Sessions).Select(i => Silent($"u{i}").Subscribe($"/topic/{i}")).ToList();
        var sends = Enumerable.Range(0, 2 * Sessions)
            .SelectMany(i => ClientBytes.Stomp($"SEND\ndestination:/topic/{i % Sessions}\n\n{new string('x', 100)}"));
        AssertNothing(new Replay(_sender, [.. sends]).Run, iterations: 10, warmUp: 100);
        Assert.All(clients, c => Assert.InRange(c.Link.Taken, 110 * 2 * 100L, long.MaxValue));
    }

    [Fact]
    public void SEND_to_subscribers_of_several_versions_with_headers_to_escape()
    {
        foreach (var versions in new[] { "1.0", "1.1", "1.2" })
        {
            Silent("u" + versions, versions).Subscribe("/topic/a");
        }

        AssertNothing(Sends("/topic/a", "h:a\\cb\n").Run);
    }

    [Fact]
    public void SEND_with_a_receipt() => AssertNothing(Sends("/topic/a", "receipt:r-1\n").Run);

    [Fact]
    public void SEND_to_a_user_who_is_there()
    {
        Silent("alice").Subscribe("/user/queue/q");
        AssertNothing(Sends("/user/alice/queue/q").Run);
    }

    [Theory]
    [InlineData("/topic/a", "/topic/a")]
    [InlineData("/user/queue/q", "/user/alice/queue/q")]
    public void SEND_and_the_ACK_of_each_delivery(string subscribed, string sent)
    {
        const int Digits = 9;
        var alice = Silent("alice").Subscribe(subscribed, "ack:client-individual\n");
        var send = Sends(sent);

        // The ACK of delivery n, its number written with leading zeros into the frame.
        var text = $"ACK\nid:{alice.AckId("1-")}{new string('0', Digits)}\n\n\0";
        var at = text.Length - 3 - Digits;
        var plain = Encoding.UTF8.GetBytes(text);
        var frame = new byte[plain.Length + 6];
        var sequence = 0;
        AssertNothing(() =>
        {
            send.Run();
            sequence++;
            for (int i = Digits - 1, rest = sequence; i >= 0; i--, rest /= 10)
            {
                plain[at + i] = (byte)('0' + (rest % 10));
            }

            // A mask of zeros leaves the payload as it is.
            frame.AsSpan(0, 6).Clear();
            (frame[0], frame[1]) = (0x81, (byte)(0x80 | plain.Length));
            plain.CopyTo(frame.AsSpan(6));
            alice.Receive(frame);
        });
        Assert.Equal(sequence, _node.Node.Metrics.MessagesAcked);
        Assert.Equal(0, alice.Session.Subscriptions.Items[0].Window!.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("overflow:spill\n")]
    [InlineData("overflow:drop-oldest\n")]
    [InlineData("overflow:conflate\n")]
    public void Blocking_a_link_and_draining_it(string headers)
    {
        var alice = Silent("alice").Subscribe("/topic/a", headers);
        var send = Sends("/topic/a");
        AssertNothing(
            () =>
            {
                alice.Link.Block();
                for (var i = 0; i < 20; i++)
                {
                    send.Run();
                }

                alice.Link.Unblock(100);
                alice.Link.Unblock(1000);
                alice.Link.Unblock();
            },
            1_000);
        Assert.Equal(0, alice.Session.Outbox.WireBytes);
    }

    [Fact]
    public void One_read_with_messages_to_several_topics()
    {
        Silent("alice").Subscribe("/topic/a").Subscribe("/topic/b", id: "1");
        byte[] frames =
        [
            .. ClientBytes.Stomp("SEND\ndestination:/topic/a\n\n1"),
            .. ClientBytes.Stomp("SEND\ndestination:/topic/b\n\n2"),
            .. ClientBytes.Stomp("SEND\ndestination:/topic/a\n\n3"),
        ];
        AssertNothing(new Replay(_sender, frames).Run);
    }

    [Fact]
    public void A_SEND_that_comes_in_pieces()
    {
        Silent("alice").Subscribe("/topic/a");
        var frame = ClientBytes.Stomp($"SEND\ndestination:/topic/a\n\n{new string('x', 3000)}");
        var head = new Replay(_sender, frame[..3]);
        var middle = new Replay(_sender, frame[3..1000]);
        var rest = new Replay(_sender, frame[1000..]);
        AssertNothing(() =>
        {
            head.Run();
            middle.Run();
            rest.Run();
        });
    }

    [Fact]
    public void Pings_and_heart_beats_of_clients()
    {
        var ping = new Replay(_sender, [.. ClientBytes.Frame(9, "abc"u8), .. ClientBytes.Frame(1, "\n"u8)]);
        AssertNothing(ping.Run);
    }

    [Fact]
    public void Sessions_cost_a_tick_nothing()
    {
        var tick = TimeSpan.FromMilliseconds(500);
        void Run() => _node.Time.Advance(tick);

        // The sweep every few seconds walks the topics with an enumerator of its own, with sessions or without.
        var alone = Allocations.Least(Run, 1_000, Rounds);
        for (var i = 0; i < 100; i++)
        {
            var client = _node.Open(_node.Principal("u" + (i % 7)), new MemoryLink(keepBytes: false));
            client.Send("CONNECT\naccept-version:1.2\nheart-beat:0,10000\n\n");
            client.Subscribe("/topic/a", i % 2 == 0 ? "" : "ack:client\n");
        }

        var beats = _node.Node.Sessions.Slots[^1]!.Outbox.LastSentMs;
        Assert.InRange(Allocations.Least(Run, 1_000, Rounds), 0, alone);
        Assert.InRange(_node.Node.Sessions.Slots[^1]!.Outbox.LastSentMs, beats + 100_000, long.MaxValue);
    }
}
