using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class HeaderNamesTests
{
    public static TheoryData<HeaderName> All => [.. Enum.GetValues<HeaderName>().Where(name => name != HeaderName.Other)];

    [Theory]
    [MemberData(nameof(All))]
    public void EachNameIsKnownInItsExactSpellingOnly(HeaderName name)
    {
        string text = Wire(name);
        Assert.Equal(name, Parse(text));
        Assert.Equal(HeaderName.Other, Parse(text + "x"));
        Assert.Equal(HeaderName.Other, Parse(text[..^1]));
        Assert.Equal(HeaderName.Other, Parse("q" + text[1..]));
        Assert.Equal(HeaderName.Other, Parse(text[..^1] + "q"));
        HeaderName upper = name == HeaderName.Authorization ? name : HeaderName.Other;
        Assert.Equal(upper, Parse(text.ToUpperInvariant()));
        Assert.Equal(upper, Parse(char.ToUpperInvariant(text[0]) + text[1..]));
    }

    [Fact]
    public void AnyOtherLengthIsOther()
    {
        for (int length = 0; length < 40; length++)
        {
            Assert.Equal(HeaderName.Other, Parse(new string('z', length)));
        }
    }

    // MessageId is message-id on the wire.
    private static string Wire(HeaderName name) =>
        string.Concat(name.ToString().Select((c, i) => (char.IsUpper(c) && i > 0 ? "-" : "") + char.ToLowerInvariant(c)));

    private static HeaderName Parse(string name) => HeaderNames.Parse(Encoding.UTF8.GetBytes(name));
}
