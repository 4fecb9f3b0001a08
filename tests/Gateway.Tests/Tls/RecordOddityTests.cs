using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Tests.Tls;

/// <summary>
/// Records after the handshake that are legal but rare, or not legal: each with the answer of RFC 8446. OpenSSL gives the same, but for
/// warnings that it does not know, which it ignores, and a KeyUpdate with a length other than 1 (illegal_parameter above it).
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class RecordOddityTests
{
    private const TlsContent Data = TlsContent.ApplicationData;
    private const TlsContent Handshake = TlsContent.Handshake;
    private const TlsContent Alert = TlsContent.Alert;

    private readonly TrafficKey _key = Key();
    private readonly List<byte> _wire = [];

    private static ReadOnlySpan<byte> Update => [24, 0, 0, 1, 0];

    private static ReadOnlySpan<byte> UpdateWanted => [24, 0, 0, 1, 1];

    private static TrafficKey Key() => new(TlsSuite.Aes128Gcm, new byte[32]);

    private RecordOddityTests Record(TlsContent type, params ReadOnlySpan<byte> content)
    {
        var record = new byte[content.Length + TlsRecord.OverheadBytes];
        RecordCipher.OfThread.Seal(_key, type, content, record);
        _wire.AddRange(record);
        return this;
    }

    private RecordOddityTests NewKey()
    {
        _key.Update();
        return this;
    }

    private RecordOddityTests Plain(params ReadOnlySpan<byte> bytes)
    {
        _wire.AddRange(bytes);
        return this;
    }

    // What is found, in words, up to the first fault or end.
    private string Read(int contentBytesMax = TlsRecord.ContentBytesMax)
    {
        var receiver = new TlsReceiver(Key(), contentBytesMax);
        var rest = _wire.ToArray().AsSpan();
        var seen = new List<string>();
        TlsInput input;
        do
        {
            input = receiver.Next(ref rest, out var data, out var fault);
            var word = input == TlsInput.Fault ? $"{fault}" : input == TlsInput.Data ? $"{data.Length}" : $"{input}";
            if (word is not ("0" or "NeedMore"))
            {
                seen.Add(word);
            }
        }
        while (input is TlsInput.Data or TlsInput.KeyUpdateWanted);

        return string.Join(' ', seen);
    }

    [Fact]
    public void A_KeyUpdate_may_be_cut_over_records_and_another_may_follow()
    {
        Record(Handshake, UpdateWanted[..2]).Record(Handshake, UpdateWanted[2..]).NewKey();
        Record(Handshake, UpdateWanted).NewKey();
        foreach (var one in Update)
        {
            Record(Handshake, one);
        }

        Assert.Equal("KeyUpdateWanted KeyUpdateWanted 5", NewKey().Record(Data, "hello"u8).Read());
    }

    [Fact]
    public void A_KeyUpdate_is_the_last_of_its_record()
    {
        Assert.Equal("UnexpectedMessage", Record(Handshake, [.. Update, .. Update]).Read());
        Assert.Equal("", new RecordOddityTests().Record(Handshake, Update[..2]).Read());
        Assert.Equal("UnexpectedMessage", new RecordOddityTests().Record(Handshake, [.. Update, 24]).Read());
        Assert.Equal(
            "UnexpectedMessage", new RecordOddityTests().Record(Handshake, Update[..2]).Record(Handshake, [.. Update[2..], 24]).Read());
    }

    [Fact]
    public void The_old_key_ends_with_a_KeyUpdate() =>
        Assert.Equal("BadRecordMac", Record(Handshake, Update).Record(Data, "hello"u8).Read());

    [Theory]
    [InlineData(Data, new byte[0])]
    [InlineData(Data, new byte[] { 1 })]
    [InlineData(Alert, new byte[] { 1, 0 })]
    [InlineData(Alert, new byte[] { 1, 90 })]
    [InlineData(Alert, new byte[] { 2, 40 })]
    [InlineData(Handshake, new byte[0])]
    public void Nothing_stands_between_the_parts_of_a_handshake_message(TlsContent type, byte[] content)
    {
        Record(Handshake, Update[..3]).Record(type, content).Record(Handshake, Update[3..]);
        Assert.Equal("UnexpectedMessage", Read());
    }

    [Theory]
    [InlineData(new byte[] { 24, 0, 0, 1, 2 }, "IllegalParameter")]
    [InlineData(new byte[] { 24, 0, 0, 1, 255 }, "IllegalParameter")]
    [InlineData(new byte[] { 24, 0, 0, 0 }, "DecodeError")]
    [InlineData(new byte[] { 24, 0, 0, 2, 0, 0 }, "DecodeError")]
    [InlineData(new byte[] { 24, 255, 255, 255, 0 }, "DecodeError")]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "UnexpectedMessage")] // HelloRequest
    [InlineData(new byte[] { 1, 0, 0, 1, 0 }, "UnexpectedMessage")] // ClientHello
    [InlineData(new byte[] { 4, 0, 0, 1, 0 }, "UnexpectedMessage")] // NewSessionTicket
    [InlineData(new byte[] { 5, 0, 0, 0 }, "UnexpectedMessage")] // EndOfEarlyData
    [InlineData(new byte[] { 11, 0, 0, 1, 0 }, "UnexpectedMessage")] // Certificate
    [InlineData(new byte[] { 20, 0, 0, 1, 0 }, "UnexpectedMessage")] // Finished
    [InlineData(new byte[] { 99, 0, 0, 0 }, "UnexpectedMessage")]
    [InlineData(new byte[0], "UnexpectedMessage")]
    public void Other_handshake_messages_are_refused(byte[] message, string alert) =>
        Assert.Equal(alert, Record(Handshake, message).Read());

    [Theory]
    [InlineData(new byte[] { 1, 0 }, "Closed")]
    [InlineData(new byte[] { 2, 0 }, "Closed")] // The level says nothing.
    [InlineData(new byte[] { 1, 90 }, "5")]
    [InlineData(new byte[] { 2, 40 }, "Aborted")]
    [InlineData(new byte[] { 1, 40 }, "Aborted")]
    [InlineData(new byte[] { 1, 200 }, "Aborted")]
    [InlineData(new byte[0], "UnexpectedMessage")]
    [InlineData(new byte[] { 1 }, "UnexpectedMessage")]
    [InlineData(new byte[] { 1, 0, 0 }, "UnexpectedMessage")]
    [InlineData(new byte[] { 1, 90, 1, 0 }, "UnexpectedMessage")]
    public void An_alert_record_has_one_alert(byte[] alert, string answer) =>
        Assert.Equal(answer, Record(Alert, alert).Record(Data, "hello"u8).Read());

    [Theory]
    [InlineData(TlsContent.ChangeCipherSpec)]
    [InlineData((TlsContent)24)]
    [InlineData((TlsContent)99)]
    [InlineData((TlsContent)0)] // Padding without a type.
    public void Other_content_is_refused(TlsContent type) => Assert.Equal("UnexpectedMessage", Record(type, 1, 0).Read());

    [Theory]
    [InlineData(new byte[] { 20, 3, 3, 0, 1, 1 }, "UnexpectedMessage")]
    [InlineData(new byte[] { 21, 3, 3, 0, 2, 1, 0 }, "UnexpectedMessage")]
    [InlineData(new byte[] { 22, 3, 3, 0, 5, 24, 0, 0, 1, 0 }, "UnexpectedMessage")]
    [InlineData(new byte[] { 23, 3, 3, 0, 0 }, "BadRecordMac")]
    [InlineData(new byte[] { 23, 3, 3, 0, 16 }, "BadRecordMac")]
    [InlineData(new byte[] { 23, 3, 3, 0x41, 1 }, "RecordOverflow")]
    public void Records_without_protection_or_of_no_size_are_refused(byte[] bytes, string alert) =>
        Assert.Equal(alert, Plain(bytes).Read());

    [Fact]
    public void Empty_data_is_nothing()
    {
        Record(Data).Record(Handshake, UpdateWanted).NewKey().Record(Data).Record(Data, "hello"u8);
        Assert.Equal("KeyUpdateWanted 5", Read());
    }

    /// <summary>RFC 6066 section 4.</summary>
    [Fact]
    public void A_record_over_the_length_agreed_on_is_an_overflow()
    {
        Assert.Equal("512 RecordOverflow", Record(Data, new byte[512]).Record(Data, new byte[513]).Read(512));
        Assert.Equal("512 513", new RecordOddityTests().Record(Data, new byte[512]).Record(Data, new byte[513]).Read());
    }
}
