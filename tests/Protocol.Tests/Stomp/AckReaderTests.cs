using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

/// <summary>The short way through the most common frame, against the reader of all frames.</summary>
public class AckReaderTests
{
    private static readonly string[] Seeds =
    [
        "ACK\nid:0123456789abcdef-1-17\n\n\0",
        "ACK\nid:0123456789abcdef-1-17\nsubscription:sub-0\n\n\0\n",
        "ACK\nid:0123456789abcdef-123456789-123456789012345678\n\n\0ACK\nid:0123456789abcdef-2-3\n\n\0",
        "ACK\nid:0123456789abcdef-1-1\nreceipt:r\n\n\0",
        "NACK\nid:0123456789abcdef-1-1\n\n\0",
    ];

    [Theory]
    [InlineData("ACK\nid:0123456789abcdef-1-17\n\n\0", 1, 17, 31)]
    [InlineData("ACK\nid:0123456789abcdef-12-3\nsubscription:sub-0\n\n\0MORE", 12, 3, 50)]
    [InlineData("ACK\nid:0123456789abcdef-999999999-999999999999999999\n\n\0", 999_999_999, 999_999_999_999_999_999, 55)]
    public void AnAcknowledgementIsReadInOnePass(string frame, int number, long sequence, int bytes)
    {
        Assert.True(AckReader.TryRead(Encoding.UTF8.GetBytes(frame), ProtocolLimits.Default, out AckId id, out int consumed));
        Assert.Equal((new AckId(0x0123456789ABCDEF, number, sequence), bytes), (id, consumed));
    }

    [Theory]
    [InlineData("ACK\nid:0123456789abcdef-1-17\n\n")] // NUL has not come
    [InlineData("ACK\nid:0123456789abcdef-1-17\nreceipt:r\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-17\ntransaction:t\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-17\nsubscription:a\\c\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-17\nsubscription:\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-17\nsubscription:a\nsubscription:b\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1234567890-1\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-1234567890123456789\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef--1\n\n\0")]
    [InlineData("ACK\nid:0123456789ABCDEF-1-1\n\n\0")]
    [InlineData("ACK\nid:123456789abcdef-1-1\n\n\0")]
    [InlineData("ACK\nid:1-1\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-\n\n\0")]
    [InlineData("ACK\nid:0123456789abcdef-1-1\n\nbody\0")]
    [InlineData("ACK\r\nid:1-1\r\n\r\n\0")]
    [InlineData("NACK\nid:0123456789abcdef-1-1\n\n\0")]
    public void TheRestIsLeftToTheGeneralReader(string frame)
    {
        Assert.False(AckReader.TryRead(Encoding.UTF8.GetBytes(frame), ProtocolLimits.Default, out _, out int consumed));
        Assert.Equal(0, consumed);
    }

    [Theory]
    [InlineData(1, 8192)]
    [InlineData(64, 127)]
    public void WithLimitsThatSuchAFrameMayPassNoneIsRead(int headers, int lineBytes)
    {
        var limits = new ProtocolLimits { Headers = headers, HeaderLineBytes = lineBytes };
        Assert.False(AckReader.TryRead("ACK\nid:0123456789abcdef-1-17\n\n\0"u8, limits, out _, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4711)]
    [InlineData(20261)]
    public void WhatItReadsTheGeneralReaderReadsTheSame(int seed)
    {
        var random = new Random(seed);
        int read = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = Mutate(random, Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]));
            if (!AckReader.TryRead(bytes, ProtocolLimits.Default, out AckId id, out int consumed))
            {
                continue;
            }

            read++;
            var scan = default(FrameScan);
            ParseStatus status = FrameReader.TryRead(
                ref scan, bytes, StompVersion.V12, ProtocolLimits.Default, out StompFrame frame, out int general, out _);
            Assert.Equal((ParseStatus.Done, StompCommand.Ack, consumed), (status, frame.Command, general));
            Assert.True(frame.TryGet(HeaderName.Id, out ReadOnlySpan<byte> text));
            Assert.True(AckId.TryParse(text, out AckId same));
            Assert.Equal(id, same);
            Assert.False(frame.TryGet(HeaderName.Receipt, out _) || frame.TryGet(HeaderName.Transaction, out _));
            Assert.True(frame.Body.IsEmpty);
        }

        Assert.InRange(read, 1_000, 19_000); // Neither only what it knows nor only what it does not.
    }

    private static byte[] Mutate(Random random, byte[] frame)
    {
        var bytes = frame.ToList();
        for (int times = random.Next(3); times > 0; times--)
        {
            int at = random.Next(bytes.Count);
            byte value = random.Next(2) == 0 ? frame[random.Next(frame.Length)] : (byte)random.Next(256);
            switch (random.Next(3))
            {
                case 0:
                    bytes[at] = value;
                    break;
                case 1:
                    bytes.Insert(at, value);
                    break;
                default:
                    bytes.RemoveAt(at);
                    break;
            }
        }

        return [.. bytes];
    }
}
