using System.Text;
using FastPush.Protocol.Handshake;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Handshake;

public class SubprotocolChoiceTests
{
    [Theory]
    [InlineData("v12.stomp, v11.stomp, v10.stomp", StompVersion.V12)]
    [InlineData("v10.stomp,v11.stomp", StompVersion.V11)]
    [InlineData(" , v10.stomp\t,", StompVersion.V10)]
    [InlineData("mqtt, v11.stomp", StompVersion.V11)]
    [InlineData("v13.stomp", null)]
    [InlineData("V12.STOMP", null)]
    [InlineData("v12.stompx", null)]
    [InlineData("v12.stomp v11.stomp", null)]
    [InlineData("", null)]
    public void The_newest_known_version_wins_whatever_the_order(string offered, StompVersion? expected)
    {
        Assert.Equal(expected, SubprotocolChoice.Best(Encoding.ASCII.GetBytes(offered)));
    }

    [Theory]
    [InlineData(StompVersion.V10)]
    [InlineData(StompVersion.V11)]
    [InlineData(StompVersion.V12)]
    public void A_name_is_that_of_its_version(StompVersion version)
    {
        Assert.Equal(version, SubprotocolChoice.Best(SubprotocolChoice.NameOf(version)));
    }
}
