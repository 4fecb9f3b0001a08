using FastPush.Protocol.Tls;

namespace FastPush.Protocol.Tests.Tls;

public sealed class TlsRecordTests
{
    [Theory]
    [InlineData(new byte[0], ParseStatus.NeedMore, 0)]
    [InlineData(new byte[] { 23, 3, 3, 0 }, ParseStatus.NeedMore, 0)]
    [InlineData(new byte[] { 23, 3, 3, 0, 17, 1 }, ParseStatus.NeedMore, 17)]
    [InlineData(new byte[] { 20, 3, 3, 0, 1, 1 }, ParseStatus.Malformed, 0)]
    [InlineData(new byte[] { 21 }, ParseStatus.Malformed, 0)]
    [InlineData(new byte[] { 23, 3, 3, 0, 16 }, ParseStatus.Malformed, 0)]
    [InlineData(new byte[] { 23, 3, 3, 0x41, 0x01 }, ParseStatus.TooLarge, 0)]
    [InlineData(new byte[] { 23, 3, 3, 0x41, 0x00 }, ParseStatus.NeedMore, 0x4100)]
    public void Headers_are_judged_as_soon_as_they_are_there(byte[] bytes, ParseStatus status, int body)
    {
        Assert.Equal(status, TlsRecord.TryRead(bytes, out var bodyBytes, out _));
        Assert.Equal(body, bodyBytes);
    }

    [Theory]
    [InlineData(new byte[] { 7, 8, 23 }, true, 2)]
    [InlineData(new byte[] { 7, 0, 23, 0, 0 }, true, 2)]
    [InlineData(new byte[] { 23 }, true, 0)]
    [InlineData(new byte[] { 0, 0, 0 }, false, 0)]
    [InlineData(new byte[0], false, 0)]
    public void The_type_stands_in_front_of_the_padding(byte[] inner, bool isLegal, int content)
    {
        Assert.Equal(isLegal, TlsRecord.TryReadInner(inner, out var type, out var contentBytes, out _));
        Assert.Equal((isLegal ? TlsContent.ApplicationData : default, content), (type, contentBytes));
    }

    [Fact]
    public void Content_over_the_limit_is_refused_even_when_most_of_it_is_padding()
    {
        var inner = new byte[TlsRecord.ContentBytesMax + 2];
        inner[0] = (byte)TlsContent.ApplicationData;
        Assert.False(TlsRecord.TryReadInner(inner, out _, out _, out var fault));
        Assert.Equal(TlsAlert.RecordOverflow, fault);
    }

    [Theory]
    [InlineData(new byte[] { 24, 0, 0, 1, 0 }, "KeyUpdate")]
    [InlineData(new byte[] { 24, 0, 0, 1, 1 }, "KeyUpdate request")]
    [InlineData(new byte[] { 24, 0, 0, 1, 2 }, "Malformed IllegalParameter")]
    [InlineData(new byte[] { 24, 0, 0, 0 }, "Malformed DecodeError")]
    [InlineData(new byte[] { 24, 0, 0, 2, 0, 0 }, "Malformed DecodeError")]
    [InlineData(new byte[] { 24, 1, 0, 0, 0 }, "Malformed DecodeError")]
    [InlineData(new byte[] { 4, 0, 0, 1, 1 }, "Malformed UnexpectedMessage")]
    [InlineData(new byte[] { 1 }, "Malformed UnexpectedMessage")]
    public void Only_a_KeyUpdate_is_accepted_after_the_handshake_in_as_many_records_as_it_has_bytes(byte[] message, string expected)
    {
        for (var cut = 0; cut < message.Length; cut++)
        {
            Assert.Equal(expected, Read(cut == 0 ? [message] : [message[..cut], message[cut..]]));
        }

        Assert.Equal(expected, Read([.. message.Select(one => new[] { one })]));
    }

    [Fact]
    public void Nothing_stands_behind_a_KeyUpdate_in_its_record_and_no_record_is_empty()
    {
        byte[] update = [24, 0, 0, 1, 1];
        Assert.Equal("Malformed UnexpectedMessage", Read([[.. update, .. update]]));
        Assert.Equal("Malformed UnexpectedMessage", Read([update[..2], [.. update[2..], 24]]));
        Assert.Equal("Malformed UnexpectedMessage", Read([update[..2], [], update[2..]]));
        Assert.Equal("Malformed UnexpectedMessage", Read([[]]));
    }

    private static string Read(byte[][] records)
    {
        var begun = 0;
        foreach (var record in records)
        {
            var status = KeyUpdate.TryRead(record, ref begun, out var isRequest, out var fault);
            if (status != ParseStatus.NeedMore)
            {
                return status == ParseStatus.Done ? isRequest ? "KeyUpdate request" : "KeyUpdate" : $"{status} {fault}";
            }
        }

        return "left";
    }
}
