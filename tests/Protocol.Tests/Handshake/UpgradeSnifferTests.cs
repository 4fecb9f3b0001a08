using System.Text;
using FastPush.Protocol.Handshake;

namespace FastPush.Protocol.Tests.Handshake;

public class UpgradeSnifferTests
{
    [Theory]
    [InlineData("GET /stomp HTTP/1.1\r\n", RequestKind.Stomp)]
    [InlineData("GET /stomp ", RequestKind.Stomp)]
    [InlineData("GET /stomp?token=x HTTP/1.1\r\n", RequestKind.Stomp)]
    [InlineData("GET /stompx HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("GET /stomp/ HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("GET /sse HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("get /stomp HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("POST /stomp HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("GET  /stomp HTTP/1.1\r\n", RequestKind.Other)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", RequestKind.Other)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000", RequestKind.Other)]
    [InlineData("\r\nGET /stomp ", RequestKind.Stomp)]
    [InlineData("\r\n\r\n\r\nGET /stomp?", RequestKind.Stomp)]
    [InlineData("\nGET /stomp ", RequestKind.Other)]
    [InlineData("\r\rGET /stomp ", RequestKind.Other)]
    [InlineData("GET /%73%74%6f%6D%70 ", RequestKind.Stomp)]
    [InlineData("GET /%53tomp ", RequestKind.Other)]
    [InlineData("GET %2Fstomp ", RequestKind.Other)]
    [InlineData("GET /%2Fstomp ", RequestKind.Other)]
    [InlineData("GET /%7", RequestKind.NeedMore)]
    [InlineData("GET /%7x", RequestKind.Other)]
    [InlineData("GET /%", RequestKind.NeedMore)]
    [InlineData("GET /stom%", RequestKind.NeedMore)]
    [InlineData("GET /stomp#a ", RequestKind.Other)]
    [InlineData("GET http://host/stomp ", RequestKind.Stomp)]
    [InlineData("GET HTTP://host:80/%73tomp?a HTTP/1.1", RequestKind.Stomp)]
    [InlineData("GET https://[::1]:443/stomp?", RequestKind.Stomp)]
    [InlineData("GET http://host", RequestKind.NeedMore)]
    [InlineData("GET http://host ", RequestKind.Other)]
    [InlineData("GET http://host?/stomp ", RequestKind.Other)]
    [InlineData("GET http://host/", RequestKind.NeedMore)]
    [InlineData("GET http://host/stomp/ ", RequestKind.Other)]
    [InlineData("GET http:/stomp ", RequestKind.Other)]
    [InlineData("GET httpx://host/stomp ", RequestKind.Other)]
    [InlineData("GET ws://host/stomp ", RequestKind.Other)]
    [InlineData("GET * ", RequestKind.Other)]
    public void The_first_bytes_decide_and_every_prefix_is_undecided_or_agrees(string start, RequestKind expected)
    {
        var bytes = Encoding.Latin1.GetBytes(start);

        Assert.Equal(expected, UpgradeSniffer.Classify(bytes));
        for (var length = 0; length < bytes.Length; length++)
        {
            var kind = UpgradeSniffer.Classify(bytes.AsSpan(0, length));
            Assert.Contains(kind, new[] { RequestKind.NeedMore, expected });
            Assert.True(length < UpgradeSniffer.DecidingBytes || kind == expected);
        }
    }

    [Fact]
    public void Every_prefix_of_the_deciding_bytes_needs_more()
    {
        var start = "GET /stomp"u8;
        for (var length = 0; length <= start.Length; length++)
        {
            Assert.Equal(RequestKind.NeedMore, UpgradeSniffer.Classify(start[..length]));
        }
    }

    [Fact]
    public void What_does_not_end_is_other_after_a_bounded_number_of_bytes()
    {
        Assert.Equal(RequestKind.Other, Long("GET http://", "a"));
        Assert.Equal(RequestKind.Other, Long("", "\r\n"));

        static RequestKind Long(string start, string more) => UpgradeSniffer.Classify(
            Encoding.Latin1.GetBytes(start + string.Concat(Enumerable.Repeat(more, UpgradeSniffer.DecidingBytes))));
    }

    [Fact]
    public void A_first_byte_that_cannot_begin_it_is_other_at_once()
    {
        Assert.Equal(RequestKind.Other, UpgradeSniffer.Classify([0x16]));
        Assert.Equal(RequestKind.Other, UpgradeSniffer.Classify("P"u8));
        Assert.Equal(RequestKind.Other, UpgradeSniffer.Classify("GET /t"u8));
    }
}
