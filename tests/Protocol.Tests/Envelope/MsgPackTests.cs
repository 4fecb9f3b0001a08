using System.Text;
using FastPush.Protocol.Envelope;

namespace FastPush.Protocol.Tests.Envelope;

public class MsgPackTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7F")]
    [InlineData(128, "CC80")]
    [InlineData(255, "CCFF")]
    [InlineData(256, "CD0100")]
    [InlineData(65535, "CDFFFF")]
    [InlineData(65536, "CE00010000")]
    [InlineData(4294967295, "CEFFFFFFFF")]
    [InlineData(4294967296, "CF0000000100000000")]
    [InlineData(long.MaxValue, "CF7FFFFFFFFFFFFFFF")]
    [InlineData(-1, "FF")]
    [InlineData(-32, "E0")]
    [InlineData(-33, "D0DF")]
    [InlineData(-128, "D080")]
    [InlineData(-129, "D1FF7F")]
    [InlineData(-32768, "D18000")]
    [InlineData(-32769, "D2FFFF7FFF")]
    [InlineData(int.MinValue, "D280000000")]
    [InlineData(int.MinValue - 1L, "D3FFFFFFFF7FFFFFFF")]
    [InlineData(long.MinValue, "D38000000000000000")]
    public void IntegersAreWrittenInTheirShortestFormAndReadBack(long value, string hex)
    {
        var buffer = new byte[MsgPackWriter.IntBytesMax];
        var writer = new MsgPackWriter(buffer);
        writer.WriteInt(value);
        Assert.Equal(hex, Convert.ToHexString(buffer, 0, writer.Written));
        var reader = new MsgPackReader(buffer.AsSpan(0, writer.Written));
        Assert.Equal((ParseStatus.Done, value, writer.Written), (reader.ReadInt(out long read), read, reader.Position));
    }

    [Theory]
    [InlineData("CC05", 5)]
    [InlineData("CD0005", 5)]
    [InlineData("CE00000005", 5)]
    [InlineData("CF0000000000000005", 5)]
    [InlineData("D005", 5)]
    [InlineData("D10005", 5)]
    [InlineData("D200000005", 5)]
    [InlineData("D3FFFFFFFFFFFFFFFF", -1)]
    public void LongerFormsOfIntegersAreRead(string hex, long value)
    {
        var reader = new MsgPackReader(Convert.FromHexString(hex));
        Assert.Equal((ParseStatus.Done, value), (reader.ReadInt(out long read), read));
    }

    [Theory]
    [InlineData(0, "A0", "C400")]
    [InlineData(31, "BF", "C41F")]
    [InlineData(32, "D920", "C420")]
    [InlineData(255, "D9FF", "C4FF")]
    [InlineData(256, "DA0100", "C50100")]
    [InlineData(65535, "DAFFFF", "C5FFFF")]
    [InlineData(65536, "DB00010000", "C600010000")]
    public void StringsAndBinsHaveTheShortestHeadAndComeBack(int length, string strHead, string binHead)
    {
        byte[] text = Encoding.ASCII.GetBytes(new string('t', length));
        var buffer = new byte[(2 * length) + (2 * MsgPackWriter.DataHeadBytesMax)];
        var writer = new MsgPackWriter(buffer);
        writer.WriteStr(text);
        int strBytes = writer.Written;
        writer.WriteBin(text);
        Assert.Equal(strHead, Convert.ToHexString(buffer, 0, strBytes - length));
        Assert.Equal(binHead, Convert.ToHexString(buffer, strBytes, writer.Written - strBytes - length));
        var reader = new MsgPackReader(buffer.AsSpan(0, writer.Written));
        Assert.Equal(ParseStatus.Malformed, reader.ReadBin(out _));
        Assert.Equal(ParseStatus.Done, reader.ReadStr(out ReadOnlySpan<byte> str));
        Assert.Equal(ParseStatus.Malformed, reader.ReadStr(out _));
        Assert.Equal(ParseStatus.Done, reader.ReadBin(out ReadOnlySpan<byte> bin));
        Assert.Equal(text, str);
        Assert.Equal(text, bin);
        Assert.Equal(ParseStatus.NeedMore, reader.ReadBin(out _));
    }

    [Theory]
    [InlineData(0, "90", "80")]
    [InlineData(15, "9F", "8F")]
    [InlineData(16, "DC0010", "DE0010")]
    [InlineData(65535, "DCFFFF", "DEFFFF")]
    [InlineData(65536, "DD00010000", "DF00010000")]
    public void CountsHaveTheShortestHeadAndComeBack(int count, string array, string map)
    {
        var buffer = new byte[2 * MsgPackWriter.CountHeadBytesMax];
        var writer = new MsgPackWriter(buffer);
        writer.WriteArrayHeader(count);
        writer.WriteMapHeader(count);
        Assert.Equal(array + map, Convert.ToHexString(buffer, 0, writer.Written));
        var reader = new MsgPackReader(buffer.AsSpan(0, writer.Written));
        Assert.Equal(ParseStatus.Malformed, reader.ReadMapHeader(out _));
        Assert.Equal((ParseStatus.Done, count), (reader.ReadArrayHeader(out int values), values));
        Assert.Equal(ParseStatus.Malformed, reader.ReadArrayHeader(out _));
        Assert.Equal((ParseStatus.Done, count), (reader.ReadMapHeader(out int pairs), pairs));
        Assert.Equal(ParseStatus.NeedMore, reader.ReadMapHeader(out _));
    }

    [Fact]
    public void NilAndBoolsComeBackAndNothingElsePassesForThem()
    {
        var buffer = new byte[3];
        var writer = new MsgPackWriter(buffer);
        writer.WriteNil();
        writer.WriteBool(false);
        writer.WriteBool(true);
        Assert.Equal("C0C2C3", Convert.ToHexString(buffer));
        var reader = new MsgPackReader(buffer);
        Assert.Equal(ParseStatus.Malformed, reader.ReadBool(out _));
        Assert.Equal(ParseStatus.Malformed, reader.ReadInt(out _));
        Assert.Equal(ParseStatus.Done, reader.ReadNil());
        Assert.Equal(ParseStatus.Malformed, reader.ReadNil());
        Assert.Equal((ParseStatus.Done, false), (reader.ReadBool(out bool first), first));
        Assert.Equal((ParseStatus.Done, true), (reader.ReadBool(out bool second), second));
        Assert.Equal((ParseStatus.NeedMore, ParseStatus.NeedMore), (reader.ReadBool(out _), reader.ReadNil()));
    }

    [Theory]
    [InlineData("CF8000000000000000", ParseStatus.Malformed)]
    [InlineData("CA00000000", ParseStatus.Malformed)]
    [InlineData("C1", ParseStatus.Malformed)]
    [InlineData("CF80000000000000", ParseStatus.NeedMore)]
    [InlineData("CD01", ParseStatus.NeedMore)]
    [InlineData("D3", ParseStatus.NeedMore)]
    [InlineData("", ParseStatus.NeedMore)]
    public void ABadIntegerIsNotSteppedOver(string hex, ParseStatus status)
    {
        var reader = new MsgPackReader(Convert.FromHexString(hex));
        Assert.Equal((status, 0), (reader.ReadInt(out _), reader.Position));
    }

    [Theory]
    [InlineData("A1FF", ParseStatus.Malformed)]
    [InlineData("A2C3", ParseStatus.NeedMore)]
    [InlineData("D9", ParseStatus.NeedMore)]
    [InlineData("DA00", ParseStatus.NeedMore)]
    [InlineData("DB7FFFFFF0", ParseStatus.NeedMore)]
    [InlineData("DBFFFFFFFF", ParseStatus.TooLarge)]
    public void ABadStringIsNotSteppedOver(string hex, ParseStatus status)
    {
        var reader = new MsgPackReader(Convert.FromHexString(hex));
        Assert.Equal((status, 0), (reader.ReadStr(out ReadOnlySpan<byte> text), reader.Position));
        Assert.True(text.IsEmpty);
    }

    [Theory]
    [InlineData("C0")]
    [InlineData("C2")]
    [InlineData("C3")]
    [InlineData("7F")]
    [InlineData("E0")]
    [InlineData("CC80")]
    [InlineData("CD8000")]
    [InlineData("CE80000000")]
    [InlineData("CFFFFFFFFFFFFFFFFF")]
    [InlineData("D080")]
    [InlineData("D18000")]
    [InlineData("D280000000")]
    [InlineData("D38000000000000000")]
    [InlineData("CA3F800000")]
    [InlineData("CB3FF0000000000000")]
    [InlineData("A3616263")]
    [InlineData("D90161")]
    [InlineData("DA000161")]
    [InlineData("DB0000000161")]
    [InlineData("C40100")]
    [InlineData("C5000100")]
    [InlineData("C60000000100")]
    [InlineData("D40500")]
    [InlineData("D5050000")]
    [InlineData("D60500000000")]
    [InlineData("D7050000000000000000")]
    [InlineData("D80500000000000000000000000000000000")]
    [InlineData("C70305010203")]
    [InlineData("C8000305010203")]
    [InlineData("C90000000305010203")]
    [InlineData("90")]
    [InlineData("9301A161C0")]
    [InlineData("DC0002C0C0")]
    [InlineData("DD00000002C0C0")]
    [InlineData("80")]
    [InlineData("8201A16102920304")]
    [InlineData("DE0001C0C0")]
    [InlineData("DF00000001C0C0")]
    public void AnyValueIsSkippedWholeAndNeedsAllItsBytes(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        var exact = new MsgPackReader(bytes);
        Assert.Equal((ParseStatus.Done, bytes.Length), (exact.Skip(), exact.Position));
        byte[] longer = [.. bytes, 0xC1, 0xFF];
        var trailing = new MsgPackReader(longer);
        Assert.Equal((ParseStatus.Done, bytes.Length), (trailing.Skip(), trailing.Position));
        for (int length = 0; length < bytes.Length; length++)
        {
            var cut = new MsgPackReader(bytes.AsSpan(0, length));
            Assert.Equal((ParseStatus.NeedMore, 0), (cut.Skip(), cut.Position));
        }
    }

    [Theory]
    [InlineData("C1", ParseStatus.Malformed)]
    [InlineData("9201C1", ParseStatus.Malformed)]
    [InlineData("C9FFFFFFFF", ParseStatus.TooLarge)]
    [InlineData("C6FFFFFFFF", ParseStatus.TooLarge)]
    [InlineData("DDFFFFFFFF", ParseStatus.TooLarge)]
    [InlineData("DD7FFFFFFF0101", ParseStatus.NeedMore)]
    public void ABadValueIsNotSkipped(string hex, ParseStatus status)
    {
        var reader = new MsgPackReader(Convert.FromHexString(hex));
        Assert.Equal((status, 0), (reader.Skip(), reader.Position));
    }

    [Fact]
    public void NestingIsBounded()
    {
        byte[] legal = [.. Enumerable.Repeat((byte)0x91, MsgPackReader.SkipDepthMax - 1), 0xC0];
        var reader = new MsgPackReader(legal);
        Assert.Equal(ParseStatus.Done, reader.Skip());
        byte[] deep = [.. Enumerable.Repeat((byte)0x91, 100_000)];
        reader = new MsgPackReader(deep);
        Assert.Equal((ParseStatus.Malformed, 0), (reader.Skip(), reader.Position));
    }
}
