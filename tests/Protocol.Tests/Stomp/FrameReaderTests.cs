using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class FrameReaderTests
{
    [Theory]
    [InlineData("CONNECT", StompCommand.Connect)]
    [InlineData("STOMP", StompCommand.Stomp)]
    [InlineData("SEND", StompCommand.Send)]
    [InlineData("SUBSCRIBE", StompCommand.Subscribe)]
    [InlineData("UNSUBSCRIBE", StompCommand.Unsubscribe)]
    [InlineData("ACK", StompCommand.Ack)]
    [InlineData("NACK", StompCommand.Nack)]
    [InlineData("BEGIN", StompCommand.Begin)]
    [InlineData("COMMIT", StompCommand.Commit)]
    [InlineData("ABORT", StompCommand.Abort)]
    [InlineData("DISCONNECT", StompCommand.Disconnect)]
    public void EachClientCommandIsReadWithEitherLineEnd(string word, StompCommand command)
    {
        Assert.Equal([$"{command}|id=1|>", "NeedMore 0"], FrameSplits.Read($"{word}\nid:1\n\n\0"));
        Assert.Equal([$"{command}|id=1|>", "NeedMore 0"], FrameSplits.Read($"{word}\r\nid:1\r\n\r\n\0"));
        Assert.Equal([$"{command}|>", "NeedMore 0"], FrameSplits.Read($"{word}\n\n\0"));
    }

    [Fact]
    public void FramesOfStompjsAreRead()
    {
        Assert.Equal(
            ["Connect|login=u|passcode=p|accept-version=1.2,1.1,1.0|heart-beat=10000,10000|>", "NeedMore 0"],
            FrameSplits.Read("CONNECT\nlogin:u\npasscode:p\naccept-version:1.2,1.1,1.0\nheart-beat:10000,10000\n\n\0"));
        Assert.Equal(
            ["Send|destination=/topic/a|content-length=5|>h\u00C3\u00A9y!", "NeedMore 0"],
            FrameSplits.Read("SEND\ndestination:/topic/a\ncontent-length:5\n\nh\u00E9y!\0"));
        Assert.Equal(
            ["Subscribe|id=sub-0|destination=/topic/a|ack=client-individual|>", "NeedMore 0"],
            FrameSplits.Read("SUBSCRIBE\nid:sub-0\ndestination:/topic/a\nack:client-individual\n\n\0"));
    }

    [Fact]
    public void SeveralFramesAndHeartBeatsInOneBufferAreReadInOrder() =>
        Assert.Equal(
            ["Send|a=1|>x", "Ack|id=7|>", "Send|content-length=3|>\0\0\0", "Disconnect|receipt=z|>", "NeedMore 0"],
            FrameSplits.Read(
                "\n\r\n\nSEND\na:1\n\nx\0\n\nACK\r\nid:7\r\n\n\0SEND\ncontent-length:3\n\n\0\0\0\0\r\nDISCONNECT\nreceipt:z\n\n\0\n"));

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n", 0)]
    [InlineData("\r\n\n\r\n", 0)]
    [InlineData("\n\r", 1)]
    [InlineData("\nS", 1)]
    [InlineData("SEND", 4)]
    [InlineData("SEND\r", 5)]
    [InlineData("SEND\r\n", 6)]
    [InlineData("SEND\na", 6)]
    [InlineData("SEND\na:b\r", 9)]
    [InlineData("SEND\na:b\n\r", 10)]
    [InlineData("SEND\n\nabc", 9)]
    [InlineData("SEND\ncontent-length:3\n\na\0", 25)]
    [InlineData("SEND\ncontent-length:3\n\na\0b", 26)]
    public void ALegalBeginningNeedsMoreAndOnlyItsLineEndsAreDropped(string text, int kept) =>
        Assert.Equal([$"NeedMore {kept}"], FrameSplits.Read(text));

    [Fact]
    public void LineEndsBeforeAFrameAreCountedOnceHoweverItArrives()
    {
        var scan = default(FrameScan);
        ParseStatus status = FrameReader.TryRead(
            ref scan, "\n\r\nSEN"u8, StompVersion.V12, ProtocolLimits.Default, out _, out int consumed, out _);
        Assert.Equal((ParseStatus.NeedMore, 3, true), (status, consumed, scan.Begun));

        status = FrameReader.TryRead(
            ref scan, "SEND\n"u8, StompVersion.V12, ProtocolLimits.Default, out _, out consumed, out _);
        Assert.Equal((ParseStatus.NeedMore, 0), (status, consumed));

        status = FrameReader.TryRead(
            ref scan, "SEND\n\n\0rest"u8, StompVersion.V12, ProtocolLimits.Default, out StompFrame frame, out consumed, out _);
        Assert.Equal((ParseStatus.Done, 7, StompCommand.Send), (status, consumed, frame.Command));
    }

    [Fact]
    public void TheSizeOfAFrameWithContentLengthIsKnownFromItsHead()
    {
        var scan = default(FrameScan);
        ParseStatus status = FrameReader.TryRead(
            ref scan, "SEND\ncontent-length:100\n\nab"u8, StompVersion.V12, ProtocolLimits.Default, out _, out _, out _);
        Assert.Equal((ParseStatus.NeedMore, 25L + 100 + 1), (status, scan.FrameBytes));

        scan = default;
        _ = FrameReader.TryRead(ref scan, "SEND\n\nab"u8, StompVersion.V12, ProtocolLimits.Default, out _, out _, out _);
        Assert.Equal(0, scan.FrameBytes);
    }

    [Fact]
    public void ABodyIsOpaqueOctets()
    {
        byte[] body = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        byte[] bytes = [.. Encoding.ASCII.GetBytes("SEND\ncontent-length:256\n\n"), .. body, 0];
        Assert.Equal(
            ["Send|content-length=256|>" + Encoding.Latin1.GetString(body), "NeedMore 0"],
            FrameSplits.Read(bytes));

        byte[] withoutLength = [.. "SEND\n\n"u8, .. body[1..], 0];
        Assert.Equal(["Send|>" + Encoding.Latin1.GetString(body[1..]), "NeedMore 0"], FrameSplits.Read(withoutLength));
    }

    [Fact]
    public void OfRepeatedHeadersTheFirstCounts()
    {
        Assert.Equal(
            ["Send|content-length=1|content-length=oops|content-length=9|>\0", "NeedMore 0"],
            FrameSplits.Read("SEND\ncontent-length:1\ncontent-length:oops\ncontent-length:9\n\n\0\0"));

        var scan = default(FrameScan);
        ParseStatus status = FrameReader.TryRead(
            ref scan,
            "SEND\r\nfoo:1\r\ndestination:/topic/a\r\ndestination:/topic/b\r\n\r\n\0"u8,
            StompVersion.V12,
            ProtocolLimits.Default,
            out StompFrame frame,
            out _,
            out _);
        Assert.Equal(ParseStatus.Done, status);
        Assert.True(frame.TryGet(HeaderName.Destination, out ReadOnlySpan<byte> destination));
        Assert.Equal("/topic/a"u8, destination);
        Assert.False(frame.TryGet(HeaderName.Receipt, out ReadOnlySpan<byte> receipt));
        Assert.True(receipt.IsEmpty);
        Assert.Equal("foo:1\r\ndestination:/topic/a\r\ndestination:/topic/b\r\n"u8, frame.HeaderBytes);
    }

    [Fact]
    public void SpacesAndColonsOfAValueAreItsOwn() =>
        Assert.Equal(
            ["Send|destination= /topic/a:b |x=|k =\t|>", "NeedMore 0"],
            FrameSplits.Read("SEND\ndestination: /topic/a:b \nx:\nk :\t\n\n\0"));

    [Fact]
    public void EscapesStayRawAndAreLegalByVersion()
    {
        Assert.Equal(["Send|a\\cb=\\n\\c\\\\\\r|>", "NeedMore 0"], FrameSplits.Read("SEND\na\\cb:\\n\\c\\\\\\r\n\n\0"));
        Assert.Equal(["Send|a=\\n\\c\\\\|>", "NeedMore 0"], FrameSplits.Read("SEND\na:\\n\\c\\\\\n\n\0", StompVersion.V11));
        Assert.Equal(["Send|a=\\x\\|>", "NeedMore 0"], FrameSplits.Read("SEND\na:\\x\\\n\n\0", StompVersion.V10));
        Assert.Equal(["Connect|login=dom\\user|>", "NeedMore 0"], FrameSplits.Read("CONNECT\nlogin:dom\\user\n\n\0"));
        Assert.Equal(["Stomp|login=dom\\user\\|>", "NeedMore 0"], FrameSplits.Read("STOMP\nlogin:dom\\user\\\n\n\0"));
    }

    [Fact]
    public void HeadersMayBeAnyUtf8() =>
        Assert.Equal(
            ["Send|\u00C3\u00A9=\u00E2\u0082\u00AC|>", "NeedMore 0"],
            FrameSplits.Read("SEND\n\u00E9:\u20AC\n\n\0"));
}
