using System.Globalization;
using System.Text;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>A reader of several destinations goes on in each of them where it stood, whatever the order of ids.</summary>
[Collection(NodeCollection.Name)]
public sealed class EventStreamTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    // A message with an id of one's own, as another thread or server may give it.
    private void Deliver(string topic, long id, string body)
    {
        var envelope = new RelayEnvelope
        {
            MessageId = id,
            TimestampMs = _node.Node.Clock.UnixMs,
            Destination = Encoding.UTF8.GetBytes(topic),
            Body = Encoding.UTF8.GetBytes(body),
            Flags = RelayFlags.TextBody,
        };
        _node.Node.Fanout.Deliver(envelope.Destination, PayloadEnvelope.Rent(_node.Node.Pool, envelope, null, null)!);
        FanoutBatch.Current.Complete(_node.Node);
    }

    private long NextId()
    {
        _node.Advance(1);
        return _node.Node.Ids.Next(_node.Node.Clock.UnixMs);
    }

    [Fact]
    public void With_one_destination_the_id_is_the_messages()
    {
        using var stream = new StreamClient(_node, "alice", null, "/topic/a");
        var id = NextId();
        Deliver("/topic/a", id, "1");
        Assert.Equal(id.ToString(CultureInfo.InvariantCulture), Assert.Single(stream.Take()).Id);
    }

    [Fact]
    public void With_several_it_begins_with_it_and_a_smaller_id_of_another_destination_is_not_skipped()
    {
        string position;
        var (early, late) = (NextId(), NextId());
        using (var stream = new StreamClient(_node, "alice", null, "/topic/a", "/topic/b"))
        {
            Deliver("/topic/a", late, "a1");
            position = Assert.Single(stream.Take()).Id!;
            Assert.StartsWith($"{late}.", position, StringComparison.Ordinal);
        }

        Deliver("/topic/b", early, "b1");
        Deliver("/topic/a", NextId(), "a2");
        using var again = new StreamClient(_node, "alice", position, "/topic/b", "/topic/a");
        Assert.Equal(["a2", "b1"], again.TakeData().Order(StringComparer.Ordinal));
        using var third = new StreamClient(_node, "alice", again.LastEventId, "/topic/a", "/topic/b");
        Assert.Empty(third.Take());
    }

    [Fact]
    public void Ids_of_one_topic_may_come_in_any_order()
    {
        var ids = Enumerable.Range(0, 6).Select(_ => NextId()).ToArray();
        using var live = new StreamClient(_node, "bob", null, "/topic/a", "/topic/b");
        var positions = new List<string>();
        foreach (var (place, id) in new[] { 3, 1, 5, 0, 4, 2 }.Index())
        {
            Deliver("/topic/a", ids[id], $"{place}");
            positions.Add(Assert.Single(live.Take()).Id!);
        }

        for (var seen = 0; seen < 6; seen++)
        {
            using var stream = new StreamClient(_node, "alice", positions[seen], "/topic/a", "/topic/b");
            Assert.Equal(Enumerable.Range(seen + 1, 5 - seen).Select(i => $"{i}"), stream.TakeData());
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(400)]
    public void Random_cuts_lose_and_double_nothing(int destinations)
    {
        var random = new Random(destinations);
        var names = Enumerable.Range(0, destinations).Select(i => $"/topic/{i}").ToArray();
        var sent = new List<string>();
        var got = new List<string>();
        string? position = null;
        var held = new Stack<long>();
        using (var first = new StreamClient(_node, "alice", null, names))
        {
            Deliver(names[0], NextId(), "0");
            got.AddRange(first.TakeData());
            sent.Add("0");
            position = first.LastEventId;
        }

        for (var round = 0; round < 60; round++)
        {
            using var stream = new StreamClient(_node, "alice", position, names);
            if (random.Next(2) == 0)
            {
                stream.Link.Room = random.Next(2_000);
            }

            for (var i = random.Next(8); i > 0; i--)
            {
                // Now and then an id is taken, and comes when others have come.
                if (random.Next(3) == 0)
                {
                    held.Push(NextId());
                }

                var id = held.Count > 0 && random.Next(2) == 0 ? held.Pop() : NextId();
                Deliver(names[random.Next(2) == 0 ? 0 : random.Next(names.Length)], id, $"{sent.Count}");
                sent.Add($"{sent.Count}");
            }

            _node.Advance(random.Next(10) == 0 ? 3_000 : 0);
            if (_node.Node.Clock.NowMs % 3 == 0)
            {
                stream.Link.Unblock();
            }

            got.AddRange(stream.TakeData().Where(d => d.Length > 0));
            position = stream.LastEventId;
            held.Clear();
        }

        using var last = new StreamClient(_node, "alice", position, names);
        got.AddRange(last.TakeData().Where(d => d.Length > 0));
        Assert.Equal(sent.Select(int.Parse), got.Select(int.Parse).Order());
    }

    [Fact]
    public void A_destination_that_is_new_to_the_stream_begins_live()
    {
        string position;
        using (var stream = new StreamClient(_node, "alice", null, "/topic/a", "/topic/b"))
        {
            Deliver("/topic/a", NextId(), "a1");
            Deliver("/topic/c", NextId(), "c1");
            stream.Take();
            position = stream.LastEventId!;
        }

        Deliver("/topic/b", NextId(), "b1");
        using var other = new StreamClient(_node, "alice", position, "/topic/b", "/topic/c", "/topic/d");
        Assert.Equal(["b1"], other.TakeData());
        using var one = new StreamClient(_node, "alice", position, "/topic/b");
        Assert.Equal(["b1"], one.TakeData());
    }

    [Fact]
    public void A_quiet_destination_needs_no_place_and_is_no_gap_after_an_hour()
    {
        var names = Enumerable.Range(0, 40).Select(i => $"/topic/{i}").ToArray();
        string position;
        using (var stream = new StreamClient(_node, "alice", null, names))
        {
            Deliver("/topic/7", NextId(), "7");
            _node.Advance(3_600_000);
            Deliver("/topic/8", NextId(), "8");
            stream.Take();
            position = stream.LastEventId!;
            Assert.InRange(position.Length, 20, 60);
        }

        Deliver("/topic/7", NextId(), "again");
        using var later = new StreamClient(_node, "alice", position, names);
        Assert.Equal(["again"], later.TakeData());
    }

    [Fact]
    public void A_plain_id_serves_several_destinations_as_before()
    {
        var ids = Enumerable.Range(0, 4).Select(_ => NextId()).ToArray();
        Deliver("/topic/a", ids[0], "a0");
        Deliver("/topic/b", ids[1], "b1");
        Deliver("/topic/a", ids[2], "a2");
        Deliver("/topic/b", ids[3], "b3");
        using var stream = new StreamClient(_node, "alice", ids[1].ToString(CultureInfo.InvariantCulture), "/topic/a", "/topic/b");
        Assert.Equal(["a2", "b3"], stream.TakeData());
    }

    [Fact]
    public void A_thousand_busy_destinations_keep_the_id_within_a_header_line_and_lose_nothing()
    {
        var names = Enumerable.Range(0, 1000).Select(i => $"/topic/{i}").ToArray();
        using var stream = new StreamClient(_node, "alice", null, names);
        var position = "";
        foreach (var (i, name) in names.Index())
        {
            Deliver(name, NextId(), $"{i}");
            position = Assert.Single(stream.Take()).Id!;
            Assert.InRange(position.Length, 20, 3_800);
        }

        foreach (var name in names)
        {
            Deliver(name, NextId(), "missed");
        }

        using var again = new StreamClient(_node, "alice", position, names);
        Assert.Equal(1000, again.TakeData().Count(d => d == "missed"));
    }
}
