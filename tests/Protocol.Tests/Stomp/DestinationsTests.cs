using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class DestinationsTests
{
    [Theory]
    [InlineData("/topic/a", DestinationKind.Topic, "", "a")]
    [InlineData("/topic/room.1/sub", DestinationKind.Topic, "", "room.1/sub")]
    [InlineData("/topic/ ", DestinationKind.Topic, "", " ")]
    [InlineData("/topic//", DestinationKind.Topic, "", "/")]
    [InlineData("/topic/\u20AC\u00A0", DestinationKind.Topic, "", "\u20AC\u00A0")]
    [InlineData("/user/queue/messages", DestinationKind.OwnQueue, "", "messages")]
    [InlineData("/user/queue/queue/x", DestinationKind.OwnQueue, "", "queue/x")]
    [InlineData("/user/u1/queue/q", DestinationKind.UserQueue, "u1", "q")]
    [InlineData("/user/u1/queue/queue/q", DestinationKind.UserQueue, "u1", "queue/q")]
    [InlineData("/user/\u00E9/queue/q", DestinationKind.UserQueue, "\u00E9", "q")]
    public void EachFormIsTakenApart(string destination, DestinationKind kind, string user, string name)
    {
        Assert.True(Destinations.TryParse(Encoding.UTF8.GetBytes(destination), out DestinationKind actual, out var u, out var n));
        Assert.Equal((kind, user, name), (actual, Encoding.UTF8.GetString(u), Encoding.UTF8.GetString(n)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("topic/a")]
    [InlineData("/topic")]
    [InlineData("/topic/")]
    [InlineData("/Topic/a")]
    [InlineData("/queue/a")]
    [InlineData("/user/")]
    [InlineData("/user/queue")]
    [InlineData("/user/queue/")]
    [InlineData("/user/u1")]
    [InlineData("/user/u1/queue")]
    [InlineData("/user/u1/queue/")]
    [InlineData("/user/u1/topic/x")]
    [InlineData("/user//queue/x")]
    [InlineData("/user/a/b/queue/x")]
    [InlineData("/topic/a\0")]
    [InlineData("/topic/a\nb")]
    [InlineData("/topic/\u001F")]
    [InlineData("/topic/\u007F")]
    [InlineData("/topic/\u0080")]
    [InlineData("/topic/\u00A0\u009F")]
    [InlineData("/user/\u0001/queue/x")]
    [InlineData("/user/\u0085/queue/x")]
    public void AnythingElseIsInvalid(string destination) => AssertInvalid(Encoding.UTF8.GetBytes(destination));

    [Fact]
    public void InvalidUtf8IsRefused()
    {
        AssertInvalid([.. "/topic/"u8, 0xC2]);
        AssertInvalid([.. "/topic/"u8, 0xFF]);
        AssertInvalid([.. "/user/"u8, 0xC3, .. "/queue/x"u8]);
    }

    [Fact]
    public void NamesAndUsersAreBoundedInBytes()
    {
        string longest = new('a', 198);
        Assert.True(Destinations.TryParse(Encoding.UTF8.GetBytes($"/topic/{longest}\u00E9"), out _, out _, out _));
        AssertInvalid(Encoding.UTF8.GetBytes($"/topic/{longest}a\u00E9"));
        Assert.True(Destinations.TryParse(Encoding.UTF8.GetBytes($"/user/{longest}\u00E9/queue/x"), out _, out _, out _));
        AssertInvalid(Encoding.UTF8.GetBytes($"/user/{longest}a\u00E9/queue/x"));
    }

    private static void AssertInvalid(byte[] destination)
    {
        Assert.False(Destinations.TryParse(destination, out DestinationKind kind, out var user, out var name));
        Assert.Equal(DestinationKind.Invalid, kind);
        Assert.True(user.IsEmpty && name.IsEmpty);
    }
}
