using FastPush.Protocol.Envelope;

namespace FastPush.Protocol.Tests.Envelope;

public class RelayEnvelopeTests
{
    // [1, 5, 2^53 + 1, "/topic/a", 1700000000000, 0, 1, "", bin "a:b\n", bin "hi"]
    private const string Known =
        "9A" + "01" + "05" + "CF0020000000000001" + "A82F746F7069632F61" + "CF0000018BCFE56800" + "00" + "01" + "A0"
        + "C404613A620A" + "C4026869";

    private static RelayEnvelope Sample => new()
    {
        OriginServerId = 5,
        MessageId = (1L << 53) + 1,
        Destination = "/topic/a"u8,
        TimestampMs = 1_700_000_000_000,
        Flags = RelayFlags.TextBody,
        HeaderLines = "a:b\n"u8,
        Body = "hi"u8,
    };

    [Fact]
    public void AnEnvelopeIsTheTenFieldsInTheirOrder()
    {
        var buffer = new byte[Sample.Size];
        Assert.Equal(Known, Convert.ToHexString(buffer, 0, Sample.Write(buffer)));
    }

    [Fact]
    public void EveryCutNeedsMoreAndTrailingBytesAreLeft()
    {
        byte[] bytes = Convert.FromHexString(Known);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(ParseStatus.NeedMore, RelayEnvelope.TryRead(bytes.AsSpan(0, length), out _, out int none));
            Assert.Equal(0, none);
        }

        foreach (byte[] trailing in new byte[][] { [], [0xC1], [0x9A, 0x01], bytes })
        {
            byte[] longer = [.. bytes, .. trailing];
            Assert.Equal(ParseStatus.Done, RelayEnvelope.TryRead(longer, out RelayEnvelope read, out int consumed));
            Assert.Equal(bytes.Length, consumed);
            AssertSame(Sample, read);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(300)]
    [InlineData(70_000)]
    public void WhatIsWrittenIsReadBack(int length)
    {
        byte[] text = [.. Enumerable.Repeat((byte)'t', length)];
        byte[] body = new byte[length];
        new Random(length).NextBytes(body);
        foreach (long number in new[] { 0, 1, long.MaxValue, long.MinValue, -1 })
        {
            var envelope = new RelayEnvelope
            {
                OriginServerId = 1023,
                MessageId = number,
                Destination = text,
                TimestampMs = number,
                ExpiresAtMs = number,
                Flags = RelayFlags.TextBody | RelayFlags.Redelivered,
                User = text,
                HeaderLines = text,
                Body = body,
            };
            var buffer = new byte[envelope.Size];
            int written = envelope.Write(buffer);
            Assert.Equal(ParseStatus.Done, RelayEnvelope.TryRead(buffer.AsSpan(0, written), out RelayEnvelope read, out int consumed));
            Assert.Equal(written, consumed);
            AssertSame(envelope, read);
        }
    }

    [Theory]
    [InlineData("9B", "C0")]
    [InlineData("9C", "8101920203" + "CB3FF0000000000000")]
    [InlineData("DC000C", "D40100" + "CFFFFFFFFFFFFFFFFF")]
    public void FieldsOfLaterWritersAreSkipped(string head, string added)
    {
        byte[] bytes = Convert.FromHexString(head + Known[2..] + added);
        Assert.Equal(ParseStatus.Done, RelayEnvelope.TryRead(bytes, out RelayEnvelope read, out int consumed));
        Assert.Equal(bytes.Length, consumed);
        AssertSame(Sample, read);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(ParseStatus.NeedMore, RelayEnvelope.TryRead(bytes.AsSpan(0, length), out _, out _));
        }
    }

    [Theory]
    [InlineData("9A02", 4)]
    [InlineData("9A00", 4)]
    [InlineData("9AA131", 4)]
    [InlineData("9901", 4)]
    [InlineData("8A01", 4)]
    [InlineData("C0", 2)]
    [InlineData("9A01FF", 6)]
    [InlineData("9A01CE80000000", 6)]
    [InlineData("9A0105C0", 24)]
    public void AnotherShapeIsMalformed(string start, int replaced)
    {
        byte[] bytes = Convert.FromHexString(start + Known[replaced..]);
        ParseStatus status = RelayEnvelope.TryRead(bytes, out RelayEnvelope read, out int consumed);
        Assert.Equal((ParseStatus.Malformed, 0, 0L), (status, consumed, read.MessageId));
    }

    [Theory]
    [InlineData("A82F746F", "A8FF746F")]
    [InlineData("A82F746F", "C4082F746F")]
    [InlineData("01A0C4", "FFA0C4")]
    [InlineData("01A0C4", "01C400C4")]
    [InlineData("C404613A", "A4613A")]
    [InlineData("C4026869", "C1026869")]
    public void AFieldOfAnotherTypeIsMalformed(string field, string wrong)
    {
        Assert.Contains(field, Known, StringComparison.Ordinal);
        byte[] bytes = Convert.FromHexString(Known.Replace(field, wrong, StringComparison.Ordinal));
        Assert.Equal(ParseStatus.Malformed, RelayEnvelope.TryRead(bytes, out _, out _));
    }

    [Fact]
    public void MutatedEnvelopesNeverThrowAndAnswerAlikeWithTrailingBytes()
    {
        var random = new Random(11);
        byte[] known = Convert.FromHexString("9C" + Known[2..] + "8101920203" + "CB3FF0000000000000");
        var seen = new HashSet<ParseStatus>();
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. known];
            for (int times = random.Next(1, 4); times > 0; times--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            ParseStatus status = RelayEnvelope.TryRead(bytes, out RelayEnvelope read, out int consumed);
            seen.Add(status);
            Assert.InRange(consumed, 0, bytes.Length);
            if (status == ParseStatus.NeedMore)
            {
                continue;
            }

            byte[] longer = [.. bytes, 0x01, 0xC1];
            ParseStatus statusAgain = RelayEnvelope.TryRead(longer, out RelayEnvelope again, out int consumedAgain);
            Assert.Equal((status, consumed), (statusAgain, consumedAgain));
            AssertSame(read, again);
        }

        Assert.Equal(4, seen.Count);
    }

    [Fact]
    public void WritingAndReadingAllocateNothing()
    {
        var buffer = new byte[256];
        bool whole = true;
        Assert.Equal(0, Allocations.Least(() => whole &= RoundTrip(buffer) == Known.Length / 2, times: 1000, rounds: 10));
        Assert.True(whole);
    }

    private static int RoundTrip(byte[] buffer)
    {
        int written = Sample.Write(buffer);
        return RelayEnvelope.TryRead(buffer, out _, out int consumed) == ParseStatus.Done && written == consumed ? consumed : 0;
    }

    private static void AssertSame(in RelayEnvelope expected, in RelayEnvelope actual)
    {
        Assert.Equal(
            (expected.OriginServerId, expected.MessageId, expected.TimestampMs, expected.ExpiresAtMs, expected.Flags),
            (actual.OriginServerId, actual.MessageId, actual.TimestampMs, actual.ExpiresAtMs, actual.Flags));
        Assert.True(expected.Destination.SequenceEqual(actual.Destination));
        Assert.True(expected.User.SequenceEqual(actual.User));
        Assert.True(expected.HeaderLines.SequenceEqual(actual.HeaderLines));
        Assert.True(expected.Body.SequenceEqual(actual.Body));
    }
}
