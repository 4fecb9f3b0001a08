using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class WsMaskTests
{
    [Fact]
    public void Unmasks_the_example_of_RFC_6455()
    {
        byte[] masked = [0x7F, 0x9F, 0x4D, 0x51, 0x58];

        WsMask.Apply(masked, ClientFrame.Key, 0);

        Assert.Equal("Hello"u8.ToArray(), masked);
    }

    [Fact]
    public void Equals_the_plain_loop_for_every_length_offset_and_alignment()
    {
        var random = new Random(53);
        var bytes = new byte[272];
        random.NextBytes(bytes);
        for (var length = 0; length <= 200; length++)
        {
            for (var offset = 0; offset < 8; offset++)
            {
                var key = (uint)random.NextInt64(1L << 32);
                var at = random.Next(64);
                var expected = Plain(bytes, at, length, key, offset);
                var actual = (byte[])bytes.Clone();

                WsMask.Apply(actual.AsSpan(at, length), key, offset);

                Assert.True(expected.AsSpan().SequenceEqual(actual), $"length {length}, offset {offset}, start {at}, key {key:X8}");
            }
        }
    }

    [Fact]
    public void Pieces_give_what_the_whole_gives()
    {
        var whole = ClientFrame.Pattern(1000);
        var pieces = (byte[])whole.Clone();
        WsMask.Apply(whole, 0xA1B2C3D4, 0);
        for (int start = 0, length = 0; start < pieces.Length; start += length, length++)
        {
            WsMask.Apply(pieces.AsSpan(start, Math.Min(length, pieces.Length - start)), 0xA1B2C3D4, start);
        }

        Assert.Equal(whole, pieces);
    }

    private static byte[] Plain(byte[] bytes, int at, int length, uint key, int offset)
    {
        var result = (byte[])bytes.Clone();
        for (var i = 0; i < length; i++)
        {
            result[at + i] ^= (byte)(key >> (8 * ((i + offset) % 4)));
        }

        return result;
    }
}
