using System.Text;
using FastPush.Protocol.Sse;

namespace FastPush.Protocol.Tests.Sse;

public sealed class SseWriterTests
{
    [Fact]
    public void An_event_has_id_name_and_data_lines()
    {
        Assert.Equal("id: 42\nevent: order\ndata: {\"a\":1}\n\n", Text(Event(42, "order", "{\"a\":1}")));
        Assert.Equal("data: x\n\n", Text(Event(0, "", "x")));
        Assert.Equal("id: 9223372036854775807\ndata: \n\n", Text(Event(long.MaxValue, "", "")));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" ", " ")]
    [InlineData("  two", "  two")]
    [InlineData("\n", "\n")]
    [InlineData("\r", "\n")]
    [InlineData("\r\n", "\n")]
    [InlineData("\n\r", "\n\n")]
    [InlineData("\r\r\n\n", "\n\n\n")]
    [InlineData("a\nb", "a\nb")]
    [InlineData("a\rb\r\nc\n", "a\nb\nc\n")]
    [InlineData("a\n b\n  c", "a\n b\n  c")]
    [InlineData("data: x\n\nid: 9\nevent: y\n: z\nretry: 1", "data: x\n\nid: 9\nevent: y\n: z\nretry: 1")]
    [InlineData("Grüße \0 \u2028 \U0001F600", "Grüße \0 \u2028 \U0001F600")]
    public void A_parser_gives_the_text_back_with_line_ends_as_LF(string text, string expected)
    {
        var parser = new SseParser().Feed(Event(7, "note", text));
        Assert.Equal([new SseEvent("note", expected, "7")], parser.Events);
        Assert.Null(parser.RetryMs);
        Assert.Empty(parser.Comments);
    }

    [Fact]
    public void Random_texts_come_back_within_the_bound_of_Size()
    {
        string[] pieces = ["\r", "\n", "\r\n", " ", ":", "data:", "id: 1", "\uFEFF", "\0", "é", "\U0001F680", "abc", ""];
        var random = new Random(9110);
        var parser = new SseParser();
        for (var i = 1; i <= 5_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            var name = random.Next(2) == 0 ? "" : "type " + i;
            parser.Feed(Event(i, name, text));
            Assert.Equal(new SseEvent(name.Length == 0 ? "message" : name, Normal(text), $"{i}"), parser.Events[^1]);
            Assert.Equal(i, parser.Events.Count);
        }
    }

    [Fact]
    public void A_stream_reads_the_same_in_whatever_pieces_it_arrives()
    {
        var stream = new List<byte>();
        stream.AddRange(Comment("hello"));
        stream.AddRange(Retry(1500));
        stream.AddRange(Event(1, "a", " one\r\n\r\ntwo é"));
        stream.AddRange(Event(0, "", "three"));
        SseEvent[] expected = [new("a", " one\n\ntwo é", "1"), new("message", "three", "1")];

        byte[] bytes = [.. stream];
        for (var split = 0; split <= bytes.Length; split++)
        {
            var parser = new SseParser().Feed(bytes.AsSpan(0, split)).Feed(bytes.AsSpan(split));
            Assert.Equal(expected, parser.Events);
            Assert.Equal([" hello"], parser.Comments);
            Assert.Equal(1500, parser.RetryMs);
        }
    }

    [Fact]
    public void An_event_without_id_keeps_the_last_event_id()
    {
        var parser = new SseParser().Feed(Event(5, "", "a")).Feed(Event(0, "", "b"));
        Assert.Equal(["5", "5"], parser.Events.Select(e => e.LastEventId));
    }

    [Theory]
    [InlineData("", ": \n\n")]
    [InlineData("keep-alive", ": keep-alive\n\n")]
    [InlineData("a\ndata: b\r\rc", ": a\n: data: b\n: \n: c\n\n")]
    public void A_comment_stays_a_comment(string text, string expected)
    {
        var bytes = Comment(text);
        Assert.Equal(expected, Text(bytes));
        Assert.Empty(new SseParser().Feed(bytes).Events);
    }

    [Theory]
    [InlineData(0, "retry: 0\n\n")]
    [InlineData(3000, "retry: 3000\n\n")]
    [InlineData(int.MaxValue, "retry: 2147483647\n\n")]
    public void Retry_is_a_block_of_its_own(int ms, string expected) => Assert.Equal(expected, Text(Retry(ms)));

    [Theory]
    [InlineData("a\nb")]
    [InlineData("a\rdata: forged")]
    public void An_event_name_with_a_line_end_is_refused(string name) => Assert.Throws<ArgumentException>(() => Event(1, name, "x"));

    [Fact]
    public void Negative_numbers_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Event(-1, "", "x"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Retry(-1));
    }

    [Fact]
    public void A_destination_one_byte_short_is_refused_and_one_that_fits_exactly_is_not()
    {
        byte[] data = [.. "a\n b\r\nc"u8];
        var exact = Event(123, "name", "a\n b\r\nc").Length;
        for (var size = 0; size < exact; size++)
            Assert.ThrowsAny<ArgumentException>(() => SseWriter.WriteEvent(new byte[size], 123, "name"u8, data));
        Assert.Equal(exact, SseWriter.WriteEvent(new byte[exact], 123, "name"u8, data));
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        var dest = new byte[256];
        var written = 0;
        void Write() => written += SseWriter.WriteEvent(dest, 12_345, "price"u8, "1\n2\r\n3"u8) + SseWriter.Size(5, "1\n2\r\n3"u8);
        Assert.Equal(0, Allocations.Least(Write, times: 1_000, rounds: 10));
        Assert.True(written > 0);
    }

    private static byte[] Event(long id, string name, string text)
    {
        var (nameBytes, data) = (Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(text));
        var dest = new byte[SseWriter.Size(nameBytes.Length, data)];
        return dest[..SseWriter.WriteEvent(dest, id, nameBytes, data)];
    }

    private static byte[] Comment(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var dest = new byte[SseWriter.Size(0, bytes)];
        return dest[..SseWriter.WriteComment(dest, bytes)];
    }

    private static byte[] Retry(int ms)
    {
        var dest = new byte[SseWriter.Size(0, [])];
        return dest[..SseWriter.WriteRetry(dest, ms)];
    }

    private static string Normal(string text) => text.Replace("\r\n", "\n").Replace('\r', '\n');

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
