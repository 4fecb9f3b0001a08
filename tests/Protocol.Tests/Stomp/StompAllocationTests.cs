using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class StompAllocationTests
{
    private const int Rounds = 1000;

    [Fact]
    public void ReadingAFrameAndItsHeadersAllocatesNothing() => AssertNoAllocation(ReadInTwoPieces);

    [Fact]
    public void ReadingAnAcknowledgementAllocatesNothing() => AssertNoAllocation(ReadAck);

    [Fact]
    public void RefusingAFrameAllocatesNothing() => AssertNoAllocation(ReadBadFrame);

    [Fact]
    public void WritingATailAllocatesNothing() => AssertNoAllocation(WriteTail);

    [Fact]
    public void WritingAnswersAllocatesNothing() => AssertNoAllocation(WriteAnswers);

    private static ReadOnlySpan<byte> Frame =>
        "\nSEND\ndestination:/topic/a\ncontent-type:text/plain\nreceipt:r\\c1\nx-own:\\n\ncontent-length:5\n\nhello\0"u8;

    private static int ReadInTwoPieces(byte[] buffer)
    {
        var scan = default(FrameScan);
        _ = FrameReader.TryRead(ref scan, Frame[..40], StompVersion.V12, ProtocolLimits.Default, out _, out int dropped, out _);
        ParseStatus status = FrameReader.TryRead(
            ref scan, Frame[dropped..], StompVersion.V12, ProtocolLimits.Default, out StompFrame frame, out int consumed, out _);
        int sum = (int)status + consumed;
        foreach (StompHeader header in frame)
        {
            sum += (int)header.Known + HeaderText.Unescape(header.Value, StompVersion.V12, buffer);
        }

        sum += frame.TryGet(HeaderName.Destination, out ReadOnlySpan<byte> destination) ? 1 : 0;
        sum += Destinations.TryParse(destination, out DestinationKind kind, out _, out _) ? (int)kind : 0;
        return sum;
    }

    private static int ReadAck(byte[] buffer) =>
        AckReader.TryRead("ACK\nid:0123456789abcdef-1-17\nsubscription:0\n\n\0"u8, ProtocolLimits.Default, out AckId id, out _)
            ? id.Subscription + (int)id.Sequence
            : throw new InvalidOperationException("not read");

    private static int ReadBadFrame(byte[] buffer)
    {
        var scan = default(FrameScan);
        ParseStatus status = FrameReader.TryRead(
            ref scan, "SEND\nreceipt:r\nb:\\x\n\n\0"u8, StompVersion.V12, ProtocolLimits.Default, out StompFrame frame, out _, out _);
        scan = default;
        ParseStatus unknown = FrameReader.TryRead(
            ref scan, "SENT\n"u8, StompVersion.V12, ProtocolLimits.Default, out _, out _, out _);
        return (int)status + (int)unknown + frame.HeaderCount;
    }

    private static int WriteTail(byte[] buffer)
    {
        var scan = default(FrameScan);
        _ = FrameReader.TryRead(ref scan, Frame, StompVersion.V12, ProtocolLimits.Default, out StompFrame frame, out _, out _);
        return MessageTail.Write(buffer, long.MaxValue, "/topic/a"u8, 1_700_000_000_000, frame, StompVersion.V10, out _, out int bodyStart)
            + HeaderText.Translate(buffer.AsSpan(0, bodyStart), StompVersion.V11, buffer.AsSpan(1024))
            + MessageTail.Write(buffer, 1, "/topic/a"u8, 2, "a:b\n"u8, "body"u8, out _, out _);
    }

    private static int WriteAnswers(byte[] buffer) =>
        FrameWriter.WriteConnected(buffer, StompVersion.V12, "s"u8, "FastPush"u8, 10_000, 10_000, "u"u8)
        + FrameWriter.WriteReceipt(buffer, "r\\c"u8, long.MaxValue)
        + FrameWriter.WriteError(buffer, StompVersion.V11, "a:b"u8, "r"u8, "body"u8);

    private static void AssertNoAllocation(Func<byte[], int> action)
    {
        var buffer = new byte[4096];
        int expected = action(buffer);
        Assert.True(expected > 0);
        bool same = true;
        Assert.Equal(0, Allocations.Least(() => same &= action(buffer) == expected, Rounds, rounds: 10));
        Assert.True(same);
    }
}
