using System.Text;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class CloseFrameTests
{
    [Fact]
    public void Only_the_codes_of_RFC_6455_and_the_registry_are_legal()
    {
        for (var code = 0; code <= ushort.MaxValue; code++)
        {
            var expected = code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

            var read = CloseFrame.TryRead([(byte)(code >> 8), (byte)code], out var seen, out _);

            Assert.Equal(expected, read);
            Assert.Equal(code, seen);
        }
    }

    [Fact]
    public void An_empty_payload_is_no_status_and_one_byte_is_illegal()
    {
        Assert.True(CloseFrame.TryRead([], out var code, out var reason));
        Assert.Equal(CloseFrame.NoStatus, code);
        Assert.True(reason.IsEmpty);
        Assert.False(CloseFrame.TryRead([3], out _, out _));
    }

    [Fact]
    public void The_reason_is_utf8()
    {
        Assert.True(CloseFrame.TryRead([0x03, 0xE8, .. "fertig €"u8], out var code, out var reason));
        Assert.Equal(1000, code);
        Assert.Equal("fertig €", Encoding.UTF8.GetString(reason));
        Assert.False(CloseFrame.TryRead([0x03, 0xE8, 0xE2, 0x82], out _, out _));
    }

    [Theory]
    [InlineData(1000, "", "880203E8")]
    [InlineData(1009, "big", "880503F1626967")]
    [InlineData(1005, "not sent", "8800")]
    public void Writes_a_whole_frame(int code, string reason, string hex)
    {
        var frame = new byte[CloseFrame.MaxBytes];

        var length = CloseFrame.Write(frame, (ushort)code, Encoding.UTF8.GetBytes(reason));

        Assert.Equal(hex, Convert.ToHexString(frame.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("a", 123, 123)]
    [InlineData("a", 124, 123)]
    [InlineData("é", 61, 122)]
    [InlineData("é", 62, 122)]
    [InlineData("€", 41, 123)]
    [InlineData("€", 42, 123)]
    [InlineData("😀", 31, 120)]
    public void A_long_reason_is_cut_between_characters(string character, int count, int expectedBytes)
    {
        var reason = string.Concat(Enumerable.Repeat(character, count));
        var frame = new byte[CloseFrame.MaxBytes];

        var length = CloseFrame.Write(frame, 1008, Encoding.UTF8.GetBytes(reason));

        Assert.Equal(4 + expectedBytes, length);
        Assert.Equal(2 + expectedBytes, frame[1]);
        Assert.True(CloseFrame.TryRead(frame.AsSpan(2, length - 2), out var code, out var cut));
        Assert.Equal(1008, code);
        Assert.StartsWith(Encoding.UTF8.GetString(cut), reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1004)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(2999)]
    [InlineData(5000)]
    public void A_code_that_must_not_be_sent_is_an_exception(int code)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CloseFrame.Write(new byte[CloseFrame.MaxBytes], (ushort)code, default));
    }
}
