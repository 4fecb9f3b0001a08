using System.Text;
using FastPush.Protocol.Sse;

namespace FastPush.Protocol.Tests.Sse;

public class EventPositionTests
{
    private static string Write(long id, long baseId, bool isComplete, params (uint Destination, long LastId)[] places)
    {
        var writer = new EventPositionWriter(new byte[EventPositionWriter.BytesMax(places.Length)], id);
        writer.Begin(baseId, isComplete);
        foreach (var (destination, lastId) in places)
        {
            writer.Add(destination, lastId);
        }

        var text = new byte[EventPositionWriter.TextBytesMax(places.Length)];
        return Encoding.ASCII.GetString(text.AsSpan(0, writer.End(text)));
    }

    private static EventPosition Read(string text)
    {
        Assert.True(EventPosition.TryParse(text, out var position), text);
        return position;
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(269_737_359_577_186_304, 269_737_359_577_186_303)]
    [InlineData(1, long.MaxValue)]
    [InlineData(long.MaxValue, 0)]
    public void What_is_written_is_read(long id, long lastId)
    {
        var position = Read(Write(id, lastId, isComplete: false, (7, lastId), (uint.MaxValue, id)));
        Assert.Equal(lastId, position.LastIdOf(7, isAlone: true));
        Assert.Equal(id, position.LastIdOf(uint.MaxValue, isAlone: true));
        Assert.Equal(lastId, position.LastIdOf(8, isAlone: true));
    }

    [Fact]
    public void A_plain_id_is_the_place_in_every_destination() =>
        Assert.Equal([42, 42], new uint[] { 0, 1 }.Select(d => Read("42").LastIdOf(d, isAlone: true)!.Value));

    [Fact]
    public void Where_all_are_named_another_destination_is_new() =>
        Assert.Null(Read(Write(10, 5, isComplete: true, (1, 9))).LastIdOf(2, isAlone: true));

    [Fact]
    public void Of_destinations_that_look_alike_the_oldest_place_counts()
    {
        var position = Read(Write(10, 5, isComplete: false, (1, 9), (1, 7), (2, 8)));
        Assert.Equal(7, position.LastIdOf(1, isAlone: true));
        Assert.Equal(5, position.LastIdOf(2, isAlone: false));
    }

    [Fact]
    public void The_longest_fits_a_header_line()
    {
        var places = Enumerable.Range(0, EventPositionWriter.PlacesMax).Select(i => ((uint)i, (long)i)).ToArray();
        var text = Write(long.MaxValue, 0, isComplete: false, places);
        Assert.InRange(text.Length, 3_000, EventPositionWriter.TextBytesMax(1000));
        Assert.Equal(3_768, EventPositionWriter.TextBytesMax(1000));
        Assert.Equal(places.Select(p => (long?)p.Item2), places.Select(p => Read(text).LastIdOf(p.Item1, isAlone: true)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.")]
    [InlineData(".EAA")]
    [InlineData("1.IAA")] // Another version.
    [InlineData("1.EA")] // No base.
    [InlineData("1.EAAB")] // Half a destination.
    [InlineData("1.EAABAAAA")] // No place in it.
    [InlineData("1.EP__________________")] // A number without an end.
    [InlineData("1.E==")]
    [InlineData("1.!!")]
    [InlineData("99999999999999999999")]
    public void What_is_none_is_refused(string text) => Assert.False(EventPosition.TryParse(text, out _));

    [Fact]
    public void No_bytes_break_it()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            bytes.AsSpan(0, Math.Min(1, bytes.Length)).Fill((byte)(0x10 | (i & 1)));
            if (EventPosition.TryParse($"{random.NextInt64()}.{System.Buffers.Text.Base64Url.EncodeToString(bytes)}", out var position))
            {
                Assert.True(position.LastIdOf((uint)random.Next(), isAlone: true) is null or >= 0);
            }
        }
    }
}
