using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public sealed class ShortTextTests
{
    [Fact]
    public void It_finds_what_the_framework_finds_in_any_length_and_at_any_place()
    {
        Span<byte> text = stackalloc byte[100];
        for (int length = 0; length <= text.Length; length++)
        {
            for (int place = 0; place <= length && place < text.Length; place++)
            {
                text.Fill((byte)'x');
                text[place..].Fill((byte)'\n'); // Later ones, and behind the end, are not found.
                Assert.Equal(text[..length].IndexOf((byte)'\n'), ShortText.IndexOf(text[..length], (byte)'\n'));
            }
        }
    }
}
