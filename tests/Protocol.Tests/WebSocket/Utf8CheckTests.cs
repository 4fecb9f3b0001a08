using System.Text.Unicode;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class Utf8CheckTests
{
    [Theory]
    [InlineData("")]
    [InlineData("48656C6C6F")]
    [InlineData("00")]
    [InlineData("7F")]
    [InlineData("C280")]
    [InlineData("DFBF")]
    [InlineData("E0A080")]
    [InlineData("ED9FBF")]
    [InlineData("EE8080")]
    [InlineData("EFBFBD")]
    [InlineData("EFBFBE")]
    [InlineData("EFBFBF")]
    [InlineData("F0908080")]
    [InlineData("F09F9880")]
    [InlineData("F48FBFBF")]
    [InlineData("F0AFBFBE")]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5")]
    [InlineData("48656C6C6F2DC2B540C39FC3B6C3A4C3BCC3A0C3A12D5554462D382121")]
    public void Valid_text_is_valid_over_every_cut(string hex)
    {
        AssertEveryCut(Convert.FromHexString(hex), validPrefix: hex.Length / 2, isComplete: true);
    }

    // The number is how many bytes can still begin a valid text: the next one must be refused at once.
    [Theory]
    [InlineData("80", 0)]
    [InlineData("BF", 0)]
    [InlineData("C080", 0)]
    [InlineData("C1BF", 0)]
    [InlineData("C241", 1)]
    [InlineData("C2C2", 1)]
    [InlineData("E08080", 1)]
    [InlineData("E09FBF", 1)]
    [InlineData("E0A041", 2)]
    [InlineData("E180C0", 2)]
    [InlineData("EDA080", 1)]
    [InlineData("EDAFBFEDBFBF", 1)]
    [InlineData("F08080AF", 1)]
    [InlineData("F08FBFBF", 1)]
    [InlineData("F0908041", 3)]
    [InlineData("F4908080", 1)]
    [InlineData("F5808080", 0)]
    [InlineData("F888808080", 0)]
    [InlineData("FC8480808080", 0)]
    [InlineData("FE", 0)]
    [InlineData("FF", 0)]
    [InlineData("C28080", 2)]
    [InlineData("E282AC80", 3)]
    [InlineData("F09F988080", 4)]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5EDA080656469746564", 12)]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5F4908080656469746564", 12)]
    public void Invalid_text_is_refused_at_the_first_byte_that_cannot_be(string hex, int validPrefix)
    {
        AssertEveryCut(Convert.FromHexString(hex), validPrefix, isComplete: false);
    }

    [Theory]
    [InlineData("C2")]
    [InlineData("E1")]
    [InlineData("E180")]
    [InlineData("F0")]
    [InlineData("F090")]
    [InlineData("F09080")]
    [InlineData("4142E282")]
    public void Unfinished_text_is_accepted_and_not_complete(string hex)
    {
        AssertEveryCut(Convert.FromHexString(hex), validPrefix: hex.Length / 2, isComplete: false);
    }

    [Fact]
    public void A_refusal_stays()
    {
        var check = default(Utf8Check);

        Assert.False(check.Push([0xFF]));
        Assert.False(check.Push("a"u8));
        Assert.False(check.IsComplete);
    }

    [Fact]
    public void Random_text_in_random_pieces_agrees_with_what_can_still_be_completed()
    {
        byte[] alphabet =
        [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
            0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ];
        var random = new Random(3629);
        var valid = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var text = new byte[random.Next(1, 40)];
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = random.Next(3) == 0 ? alphabet[random.Next(alphabet.Length)] : random.Next(2) == 0 ? (byte)'a' : (byte)0x90;
            }

            var check = default(Utf8Check);
            var start = 0;
            bool accepted;
            do
            {
                var length = random.Next(1, Math.Min(6, text.Length - start) + 1);
                accepted = check.Push(text.AsSpan(start, length));
                start += length;
                Assert.Equal(CanBeCompleted(text.AsSpan(0, start)), accepted);
                Assert.Equal(Utf8.IsValid(text.AsSpan(0, start)), accepted && check.IsComplete);
            }
            while (accepted && start < text.Length);
            valid += accepted ? 1 : 0;
        }

        Assert.InRange(valid, 100, 19_900);
    }

    private static bool CanBeCompleted(ReadOnlySpan<byte> prefix)
    {
        foreach (var second in (ReadOnlySpan<byte>)[0x80, 0x90, 0xA0])
        {
            ReadOnlySpan<byte> longest = [.. prefix, second, 0x80, 0x80];
            for (var more = 0; more <= 3; more++)
            {
                if (Utf8.IsValid(longest[..(prefix.Length + more)]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void AssertEveryCut(byte[] text, int validPrefix, bool isComplete)
    {
        for (var first = 0; first <= text.Length; first++)
        {
            for (var second = first; second <= text.Length; second++)
            {
                var check = default(Utf8Check);
                Assert.Equal(first <= validPrefix, check.Push(text.AsSpan(0, first)));
                Assert.Equal(second <= validPrefix, check.Push(text.AsSpan(first, second - first)));
                Assert.Equal(text.Length <= validPrefix, check.Push(text.AsSpan(second)));
                Assert.Equal(isComplete, check.IsComplete);
            }
        }
    }
}
