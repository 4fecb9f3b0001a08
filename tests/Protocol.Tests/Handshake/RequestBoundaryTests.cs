using System.Text;
using FastPush.Protocol.Handshake;

namespace FastPush.Protocol.Tests.Handshake;

public class RequestBoundaryTests
{
    private const string Get = "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";

    [Theory]
    [InlineData(Get)]
    [InlineData("\r\n\r\n" + Get)]
    [InlineData("POST http://h/ HTTP/1.1\r\nHost: h\r\ncontent-LENGTH:\t5 \r\n\r\n\r\n\0\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 0003\r\n\r\nabc")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0\r\n\r\n12345\r\n0B\r\n0123456789a\r\n0\r\nT: v\r\nU:\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    public void A_request_ends_where_every_server_says_so(string request)
    {
        Assert.Equal(["request", "request", "left 0"], Read(request + request));
        Assert.Equal(["request", "request", "request", "left 0"], Read(Get + request + Get));
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\n\r\n")]
    [InlineData("GET / HTTP/1.2\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("CONNECT h:1 HTTP/1.1\r\n\r\n")]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA: b\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA: b\r\n\n")]
    [InlineData("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA : b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n")]
    [InlineData("GET  / HTTP/1.1\r\n\r\n")]
    [InlineData("GET /\u00e9 HTTP/1.1\r\n\r\n")]
    [InlineData("\nGET / HTTP/1.1\r\n\r\n")]
    [InlineData("\r\rGET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nConnection: a, Close ,b\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\n1\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n12\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n folded: x\r\n\r\n")]
    public void What_could_be_read_otherwise_is_given_up_for_good(string request)
    {
        Assert.Equal(["request", "Malformed "], Read(Get + request + Get));
        var boundary = default(RequestBoundary);
        boundary.Read(Encoding.Latin1.GetBytes(request), out _);
        boundary.Read(Encoding.Latin1.GetBytes(request), out _);
        Assert.Equal(ParseStatus.Malformed, boundary.Read(Encoding.Latin1.GetBytes(Get), out _));
        Assert.False(boundary.IsBetween);
    }

    [Fact]
    public void A_random_change_never_makes_the_answer_depend_on_the_cut()
    {
        var random = new Random(9112);
        var whole = 0;
        for (var round = 0; round < 500; round++)
        {
            var bytes = Encoding.Latin1.GetBytes(
                "\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                + "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789" + Get);
            for (var change = random.Next(3); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? (byte)random.Next(256) : "\r\n: ,0a;"u8[random.Next(8)];
            }

            whole += Splits.CheckStateful(bytes, Fresh).SequenceEqual(["request", "request", "request", "left 0"]) ? 1 : 0;
        }

        Assert.InRange(whole, 100, 499);
    }

    private static IReadOnlyList<string> Read(string requests) => Splits.CheckStateful(Encoding.Latin1.GetBytes(requests), Fresh);

    private static Reader Fresh()
    {
        var boundary = default(RequestBoundary);
        return input =>
        {
            var status = boundary.Read(input, out var consumed);
            return new ReadStep(status, consumed, status == ParseStatus.Done ? "request" : "");
        };
    }
}
