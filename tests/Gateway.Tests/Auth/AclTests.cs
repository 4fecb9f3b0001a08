using System.Text;
using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class AclTests
{
    private static Acl Parse(string json)
    {
        Assert.True(Acl.TryParse(Encoding.UTF8.GetBytes(json), out var acl));
        return acl;
    }

    private static bool Parses(string json) => Acl.TryParse(Encoding.UTF8.GetBytes(json), out _);

    [Theory]
    [InlineData("/topic/room.1", true)]
    [InlineData("/topic/room.", true)]
    [InlineData("/topic/room", false)]
    [InlineData("/topic/Room.1", false)]
    [InlineData("/topic/exact", true)]
    [InlineData("/topic/exact2", false)]
    [InlineData("/topic/exac", false)]
    [InlineData("/topic/last*", true)]
    [InlineData("topic/room.1", false)]
    [InlineData("", false)]
    [InlineData("/user/queue/messages", true)]
    [InlineData("/user/queue/a/b", true)]
    [InlineData("/user/queue/", false)]
    [InlineData("/user/queue", false)]
    [InlineData("/user/bob/queue/messages", false)]
    [InlineData("/topic/\u00fc.5", true)]
    public void Subscribing_follows_the_patterns_and_own_queues(string destination, bool allowed)
    {
        var acl = Parse("""{"subscribe":["/topic/exact","/topic/room.*","/topic/last*","/topic/\u00fc.*"],"publish":["/topic/p"]}""");
        Assert.Equal(allowed, acl.MaySubscribe(Encoding.UTF8.GetBytes(destination)));
    }

    [Fact]
    public void Publishing_has_its_own_list_and_no_queues_for_free()
    {
        var acl = Parse("""{"publish":["/topic/room.1","/user/*"],"subscribe":["/topic/s"],"other":{"publish":["*"]}}""");
        Assert.True(acl.MayPublish("/topic/room.1"u8));
        Assert.True(acl.MayPublish("/user/bob/queue/messages"u8));
        Assert.False(acl.MayPublish("/topic/s"u8));
        Assert.False(acl.MaySubscribe("/topic/room.1"u8));
        Assert.False(Parse("""{"subscribe":["*"]}""").MayPublish("/user/queue/messages"u8));
    }

    [Fact]
    public void A_lone_star_is_everything_and_a_missing_list_nothing()
    {
        Assert.True(Parse("""{"subscribe":["*"]}""").MaySubscribe("/topic/a"u8));
        foreach (var acl in new[] { Acl.None, Parse("{}"), Parse("""{"subscribe":[],"publish":[]}""") })
        {
            Assert.False(acl.MaySubscribe("/topic/a"u8));
            Assert.False(acl.MayPublish("/topic/a"u8));
            Assert.True(acl.MaySubscribe("/user/queue/a"u8));
        }
    }

    [Fact]
    public void Patterns_are_bounded_in_size_and_number()
    {
        var longest = "/topic/" + new string('x', 249);
        Assert.True(Parse($$"""{"subscribe":["{{longest}}"]}""").MaySubscribe(Encoding.ASCII.GetBytes(longest)));
        Assert.False(Parses($$"""{"subscribe":["{{longest}}x"]}"""));
        Assert.False(Parses($$"""{"subscribe":["{{new string('x', 2000)}}"]}"""));

        string List(int count) => "[" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"/topic/{i}\"")) + "]";
        Assert.True(Parse($$"""{"subscribe":{{List(256)}}}""").MaySubscribe("/topic/255"u8));
        Assert.True(Parse($$"""{"subscribe":{{List(128)}},"publish":{{List(128)}}}""").MayPublish("/topic/127"u8));
        Assert.False(Parses($$"""{"subscribe":{{List(257)}}}"""));
        Assert.False(Parses($$"""{"subscribe":{{List(128)}},"publish":{{List(129)}}}"""));
    }

    [Fact]
    public void The_table_shares_and_stays_bounded()
    {
        var table = new AclTable();
        var distinct = new HashSet<Acl>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < 3000; i++)
        {
            var claim = Encoding.ASCII.GetBytes($$"""{"subscribe":["/topic/{{i}}"]}""");
            Assert.True(table.TryGet(claim, out var acl));
            Assert.True(table.TryGet(claim, out var again));
            Assert.Same(acl, again);
            Assert.True(acl.MaySubscribe(Encoding.ASCII.GetBytes($"/topic/{i}")));
            distinct.Add(acl);
        }

        Assert.Equal(3000, distinct.Count);
        Assert.False(table.TryGet("""{"subscribe":["a*b"]}"""u8, out var none));
        Assert.Same(Acl.None, none);
    }
}
