using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class AckIdTests
{
    [Theory]
    [InlineData(0UL, 1, 1L, "0000000000000000-1-1")]
    [InlineData(0x0123456789ABCDEFUL, 42, 170L, "0123456789abcdef-42-170")]
    [InlineData(ulong.MaxValue, 999_999_999, 999_999_999_999_999_999L, "ffffffffffffffff-999999999-999999999999999999")]
    public void WhatIsWrittenIsReadAgain(ulong session, int subscription, long sequence, string text)
    {
        var id = new AckId(session, subscription, sequence);
        Assert.Equal(text, id.ToString());
        Assert.True(AckId.TryParse(Encoding.ASCII.GetBytes(text), out AckId read));
        Assert.Equal(id, read);
    }

    [Fact]
    public void EverySessionIsWrittenAsTheFrameworkWritesHex()
    {
        var random = new Random(7);
        Span<byte> text = stackalloc byte[AckId.SessionBytes];
        for (int i = 0; i < 10_000; i++)
        {
            ulong session = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            AckId.WriteSession(text, session);
            Assert.Equal(session.ToString("x16", System.Globalization.CultureInfo.InvariantCulture), Encoding.ASCII.GetString(text));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1-1")]
    [InlineData("0123456789abcdef")]
    [InlineData("0123456789abcdef-1")]
    [InlineData("0123456789abcdef-1-")]
    [InlineData("0123456789abcdef--1")]
    [InlineData("0123456789abcdef-1-1-1")]
    [InlineData("0123456789abcdef-1-1 ")]
    [InlineData("0123456789abcdef-1-x")]
    [InlineData("0123456789ABCDEF-1-1")]
    [InlineData("0123456789abcdeg-1-1")]
    [InlineData("0123456789abcde-1-1")]
    [InlineData("0123456789abcdef0-1-1")]
    [InlineData("0123456789abcdef-1234567890-1")]
    [InlineData("0123456789abcdef-1-1234567890123456789")]
    public void NothingElseIsOne(string text) => Assert.False(AckId.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void NoOtherOctetStandsForAHexDigit()
    {
        byte[] text = Encoding.ASCII.GetBytes("0123456789abcdef-1-1");
        for (int at = 0; at < AckId.SessionBytes; at++)
        {
            for (int octet = 0; octet < 256; octet++)
            {
                byte[] changed = [.. text];
                changed[at] = (byte)octet;
                Assert.Equal("0123456789abcdef".Contains((char)octet, StringComparison.Ordinal), AckId.TryParse(changed, out _));
            }
        }
    }
}
