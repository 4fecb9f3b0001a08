using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class FrameWriterTests
{
    [Theory]
    [InlineData(StompVersion.V10, "1.0")]
    [InlineData(StompVersion.V11, "1.1")]
    [InlineData(StompVersion.V12, "1.2")]
    public void ConnectedTellsVersionAndHeartBeats(StompVersion version, string text)
    {
        var buffer = new byte[FrameWriter.MaxConnectedBytes(2, 8, 5)];
        int written = FrameWriter.WriteConnected(buffer, version, "s1"u8, "FastPush"u8, 10000, 0, "alice"u8);
        Assert.Equal(
            $"CONNECTED\nversion:{text}\nsession:s1\nserver:FastPush\nheart-beat:10000,0\nuser-name:alice\n\n\0",
            Encoding.UTF8.GetString(buffer, 0, written));
    }

    [Fact]
    public void ConnectedIsNotEscapedAndLeavesEmptyValuesOut()
    {
        var buffer = new byte[FrameWriter.MaxConnectedBytes(0, 0, 9)];
        int written = FrameWriter.WriteConnected(buffer, StompVersion.V12, default, default, int.MaxValue, int.MaxValue, "a:\\b\r\n\0c "u8);
        Assert.Equal(
            "CONNECTED\nversion:1.2\nheart-beat:2147483647,2147483647\nuser-name:a:\\b   c \n\n\0",
            Encoding.UTF8.GetString(buffer, 0, written));
    }

    [Fact]
    public void AReceiptEchoesTheIdAsItCame()
    {
        var buffer = new byte[FrameWriter.MaxReceiptBytes(5)];
        Assert.Equal("RECEIPT\nreceipt-id:r\\c\\n\n\n\0", Text(buffer, FrameWriter.WriteReceipt(buffer, "r\\c\\n"u8, 0)));
        Assert.Equal(
            "RECEIPT\nreceipt-id:r\\c\\n\nmessage-id:9223372036854775807\n\n\0",
            Text(buffer, FrameWriter.WriteReceipt(buffer, "r\\c\\n"u8, long.MaxValue)));
        Assert.Equal(
            "RECEIPT\nreceipt-id:r\\c\\n\nmessage-id:-9223372036854775808\n\n\0",
            Text(buffer, FrameWriter.WriteReceipt(buffer, "r\\c\\n"u8, long.MinValue)));
    }

    [Theory]
    [InlineData(StompVersion.V12, "bad\\c \\\\x\\n\\r")]
    [InlineData(StompVersion.V11, "bad\\c \\\\x\\n ")]
    [InlineData(StompVersion.V10, "bad: \\x  ")]
    public void AnErrorEscapesItsMessage(StompVersion version, string message)
    {
        var buffer = new byte[FrameWriter.MaxErrorBytes(10, 2, 6)];
        int written = FrameWriter.WriteError(buffer, version, "bad: \\x\n\r"u8, "r1"u8, "why\n\0!"u8);
        Assert.Equal(
            $"ERROR\nmessage:{message}\nreceipt-id:r1\ncontent-type:text/plain\ncontent-length:6\n\nwhy\n\0!\0",
            Text(buffer, written));
    }

    [Fact]
    public void AnErrorCanNameTheVersionsThatTheServerSpeaks()
    {
        var buffer = new byte[FrameWriter.MaxErrorBytes(1, 1, 1, namesVersions: true)];
        int written = FrameWriter.WriteError(buffer, StompVersion.V12, "m"u8, "r"u8, "b"u8, namesVersions: true);
        Assert.Equal(
            "ERROR\nmessage:m\nversion:1.0,1.1,1.2\nreceipt-id:r\ncontent-type:text/plain\ncontent-length:1\n\nb\0", Text(buffer, written));
    }

    [Fact]
    public void AnErrorWithoutReceiptHasNoSuchHeader()
    {
        var buffer = new byte[FrameWriter.MaxErrorBytes(1, 0, 0)];
        int written = FrameWriter.WriteError(buffer, StompVersion.V12, "m"u8, default, default);
        Assert.Equal("ERROR\nmessage:m\ncontent-type:text/plain\ncontent-length:0\n\n\0", Text(buffer, written));
    }

    [Fact]
    public void AShortDestinationCutsTheBodyThenTheReceiptAndNeverOverruns()
    {
        byte[] body = Encoding.UTF8.GetBytes("\u20AC\u20AC\u20AC");
        int full = FrameWriter.MaxErrorBytes(1, 3, body.Length);
        int least = FrameWriter.MaxErrorBytes(1, 0, 0);
        int cutBodies = 0, keptReceipts = 0;
        for (int size = least; size <= full; size++)
        {
            var buffer = new byte[size];
            string text = Text(buffer, FrameWriter.WriteError(buffer, StompVersion.V12, "m"u8, "abc"u8, body));
            int start = text.IndexOf("\n\n", StringComparison.Ordinal) + 2;
            string kept = text[start..^1];
            Assert.Equal('\0', text[^1]);
            Assert.Matches("^\u20AC*$", kept);
            Assert.Contains($"\ncontent-length:{Encoding.UTF8.GetByteCount(kept)}\n", text, StringComparison.Ordinal);
            cutBodies += kept.Length < 3 ? 1 : 0;
            keptReceipts += text.Contains("\nreceipt-id:abc\n", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.True(cutBodies > 0);
        Assert.InRange(keptReceipts, 10, full - least);
        Assert.ThrowsAny<ArgumentException>(
            () => FrameWriter.WriteError(new byte[20], StompVersion.V12, "message"u8, "abc"u8, "body"u8));
    }

    private static string Text(byte[] buffer, int written) => Encoding.UTF8.GetString(buffer, 0, written);
}
