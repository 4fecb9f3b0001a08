using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class MessageTailTests
{
    private const string Start = "message-id:42\ndestination:/topic/a\\cb\ntimestamp:1700000000000\n";

    [Fact]
    public void OwnHeadersOfASendTravelOnInOrderWithRepeatedOnes() =>
        Assert.Equal(
            Start + "content-type:text/plain\nx:1\nx:2\nx\\c:a:b\\n\ntype:t\ncontent-length:4\n\nab\0c\0",
            Write(
                "content-type:text/plain\nx:1\r\ndestination:/topic/a\nx:2\nx\\c:a:b\\n\ncontent-length:4\ntype:t\n",
                "ab\0c",
                StompVersion.V12));

    [Theory]
    [InlineData("destination:d")]
    [InlineData("receipt:r")]
    [InlineData("transaction:t")]
    [InlineData("message-id:9")]
    [InlineData("subscription:s")]
    [InlineData("ack:a")]
    [InlineData("timestamp:1")]
    [InlineData("redelivered:true")]
    [InlineData("authorization:Bearer x")]
    [InlineData("Authorization:Bearer x")]
    [InlineData("login:u")]
    [InlineData("passcode:p")]
    [InlineData("x-fastpush-user:u")]
    [InlineData("X-FastPush-User:u")]
    [InlineData("x-fastpush-:u")]
    [InlineData("destination:d\nack:a\ndestination:e")]
    public void HeadersForOrOfTheServerStayBehind(string lines) =>
        Assert.Equal(Start + "k:v\nl:w\ncontent-length:0\n\n\0", Write($"k:v\n{lines}\nl:w\n", "", StompVersion.V12));

    [Theory]
    [InlineData("x-fastpush:u")]
    [InlineData("Receipt:r")]
    [InlineData("ids:1")]
    [InlineData("id:i")]
    [InlineData("content-type:application/json")]
    public void HeadersThatOnlyLookLikeThemTravelOn(string line) =>
        Assert.Equal(Start + line + "\ncontent-length:0\n\n\0", Write(line + "\n", "", StompVersion.V12));

    [Fact]
    public void HeadersOfA10SenderAreEscapedAndOthersStayAsTheyAre()
    {
        Assert.Equal(
            Start + "a\\\\n:b\\c\\\\\\\\c\ncontent-length:0\n\n\0", Write("a\\n:b:\\\\c\n", "", StompVersion.V10));
        Assert.Equal(Start + "a\\n:b\\\\c\ncontent-length:0\n\n\0", Write("a\\n:b\\\\c\n", "", StompVersion.V11));
    }

    [Fact]
    public void TheSizeIsEnoughForTheWorstCase()
    {
        byte[] frame = Encoding.UTF8.GetBytes("SEND\nn:" + new string('\\', 300) + "\n\nbody\0");
        byte[] destination = Encoding.UTF8.GetBytes(new string(':', 50));
        byte[] escaped = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\\c", 50)));
        StompFrame send = Read(frame, StompVersion.V10);
        var buffer = new byte[MessageTail.Size(send, destination)];
        int written = MessageTail.Write(buffer, long.MinValue, escaped, long.MinValue, send, StompVersion.V10, out _, out int bodyStart);
        Assert.Equal("body\0"u8, buffer.AsSpan(bodyStart, written - bodyStart));
        Assert.True(buffer.Length - written < 40);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:1\nb:\\c\n")]
    public void AMessageFromElsewhereCopiesItsLines(string lines)
    {
        foreach (int bodyBytes in new[] { 0, 9, 10, 99, 100, 70_000 })
        {
            byte[] headerLines = Encoding.UTF8.GetBytes(lines);
            byte[] body = Encoding.UTF8.GetBytes(new string('z', bodyBytes));
            var buffer = new byte[MessageTail.Size(8, headerLines.Length, bodyBytes)];
            int written = MessageTail.Write(
                buffer, 7, "/topic/x"u8, 5, headerLines, body, out int headersStart, out int bodyStart);
            Assert.Equal(
                $"message-id:7\ndestination:/topic/x\ntimestamp:5\n{lines}content-length:{bodyBytes}\n\n{new string('z', bodyBytes)}\0",
                Encoding.UTF8.GetString(buffer, 0, written));
            Assert.Equal(headerLines, buffer[headersStart..MessageTail.HeaderLinesEnd(bodyStart, bodyBytes)]);
            Assert.Equal(body, buffer[bodyStart..(written - 1)]);
        }
    }

    [Fact]
    public void TheHeadOfATailCanBeTranslated()
    {
        byte[] tail = Encoding.UTF8.GetBytes(Write("a:x\\ry\n", "b\\c", StompVersion.V12));
        int bodyStart = tail.Length - 4;
        var older = new byte[bodyStart];
        int written = HeaderText.Translate(tail.AsSpan(0, bodyStart), StompVersion.V10, older);
        Assert.Equal(
            "message-id:42\ndestination:/topic/a:b\ntimestamp:1700000000000\na:x y\ncontent-length:3\n\n",
            Encoding.UTF8.GetString(older, 0, written));
    }

    private static string Write(string headerLines, string body, StompVersion sentAs)
    {
        byte[] frame = Encoding.UTF8.GetBytes($"SEND\n{headerLines}\n{body}\0");
        if (body.Contains('\0', StringComparison.Ordinal))
        {
            Assert.Contains("content-length:", headerLines, StringComparison.Ordinal);
        }

        StompFrame send = Read(frame, sentAs);
        var buffer = new byte[MessageTail.Size(send, "/topic/a:b"u8)];
        int written = MessageTail.Write(
            buffer, 42, "/topic/a\\cb"u8, 1_700_000_000_000, send, sentAs, out int headersStart, out int bodyStart);
        Assert.Equal(Start, Encoding.UTF8.GetString(buffer, 0, headersStart));
        Assert.Equal(send.Body, buffer.AsSpan(bodyStart, written - 1 - bodyStart));
        string text = Encoding.UTF8.GetString(buffer, 0, written);
        Assert.StartsWith("content-length:", text[MessageTail.HeaderLinesEnd(bodyStart, send.Body.Length)..], StringComparison.Ordinal);
        return text;
    }

    private static StompFrame Read(byte[] bytes, StompVersion version)
    {
        var scan = default(FrameScan);
        ParseStatus status = FrameReader.TryRead(
            ref scan, bytes, version, ProtocolLimits.Default, out StompFrame frame, out _, out _);
        Assert.Equal(ParseStatus.Done, status);
        return frame;
    }
}
