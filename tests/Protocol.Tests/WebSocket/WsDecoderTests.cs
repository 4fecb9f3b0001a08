using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class WsDecoderTests
{
    [Fact]
    public void Reads_the_masked_example_of_RFC_6455()
    {
        Assert.Equal(["Text 5 48656C6C6F", "left 0"], Read([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    public void Reads_every_length_form(int length)
    {
        var payload = ClientFrame.Pattern(length);
        var content = Convert.ToHexString(length <= 48 ? payload : SHA256.HashData(payload));

        Assert.Equal([$"Text {length} {content}", "left 0"], Read(ClientFrame.Make(WsOpcode.Text, payload)));
        Assert.Equal([$"Binary {length} {content}", "left 0"], Read(ClientFrame.Make(WsOpcode.Binary, payload, key: 0xFF008001)));
    }

    [Fact]
    public void Puts_fragments_together_with_control_frames_between_them()
    {
        Assert.Equal(
            ["Ping 6869", "Pong ", "Text 3 616263", "Binary 0 ", "Close 03E8627965", "left 0"],
            Read(
                ClientFrame.Text("a", fin: false),
                ClientFrame.Make(WsOpcode.Ping, "hi"u8),
                ClientFrame.Make(WsOpcode.Continuation, "b"u8, fin: false),
                ClientFrame.Make(WsOpcode.Continuation, [], fin: false),
                ClientFrame.Make(WsOpcode.Pong, []),
                ClientFrame.Make(WsOpcode.Continuation, "c"u8),
                ClientFrame.Make(WsOpcode.Binary, []),
                ClientFrame.Close(1000, "bye"u8)));
    }

    [Fact]
    public void A_control_frame_may_hold_125_bytes()
    {
        var payload = ClientFrame.Pattern(125);

        Assert.Equal([$"Ping {Convert.ToHexString(payload)}", "left 0"], Read(ClientFrame.Make(WsOpcode.Ping, payload)));
        Assert.Equal(["Malformed ControlTooLong"], Read(ClientFrame.Make(WsOpcode.Ping, ClientFrame.Pattern(126))));
    }

    [Fact]
    public void Text_is_one_character_stream_over_its_fragments()
    {
        Assert.Equal(
            ["Ping ", "Text 3 E282AC", "Text 1 61", "left 0"],
            Read(
                ClientFrame.Make(WsOpcode.Text, [0xE2], fin: false),
                ClientFrame.Make(WsOpcode.Ping, []),
                ClientFrame.Make(WsOpcode.Continuation, [0x82], fin: false),
                ClientFrame.Make(WsOpcode.Continuation, [0xAC]),
                ClientFrame.Text("a")));
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused_and_binary_is_not()
    {
        Assert.Equal(
            ["Text 1 61", "Malformed InvalidUtf8"],
            Read(ClientFrame.Text("a"), ClientFrame.Make(WsOpcode.Text, [0x61, 0xFF, 0x62])));
        Assert.Equal(["Malformed InvalidUtf8"], Read(ClientFrame.Make(WsOpcode.Text, [0xE2, 0x82])));
        Assert.Equal(
            ["Malformed InvalidUtf8"],
            Read(ClientFrame.Make(WsOpcode.Text, [0xE2], fin: false), ClientFrame.Make(WsOpcode.Continuation, [])));
        Assert.Equal(["Binary 3 FFE282", "left 0"], Read(ClientFrame.Make(WsOpcode.Binary, [0xFF, 0xE2, 0x82])));
        Assert.Equal(
            ["Binary 2 E2FF", "Text 1 61", "left 0"],
            Read(
                ClientFrame.Make(WsOpcode.Binary, [0xE2], fin: false),
                ClientFrame.Make(WsOpcode.Continuation, [0xFF]),
                ClientFrame.Text("a")));
    }

    [Fact]
    public void Invalid_text_is_refused_before_the_frame_has_arrived()
    {
        var frame = ClientFrame.Make(WsOpcode.Text, [.. ClientFrame.Pattern(10), 0xF5, .. ClientFrame.Pattern(1000)]);

        Assert.Equal(["Malformed InvalidUtf8"], Read(frame[..(8 + 11)]));
        Assert.Equal(["left 0"], Read(frame[..(8 + 10)]));
    }

    [Theory]
    [InlineData("8080", "Malformed UnexpectedContinuation")]
    [InlineData("00", "Malformed UnexpectedContinuation")]
    [InlineData("01800000000081", "Malformed ExpectedContinuation")]
    [InlineData("02800000000002", "Malformed ExpectedContinuation")]
    [InlineData("818000000000" + "80", "Malformed UnexpectedContinuation")]
    [InlineData("C0", "Malformed ReservedBits")]
    [InlineData("83", "Malformed UnknownOpcode")]
    [InlineData("0980", "Malformed ControlFragmented")]
    [InlineData("8100", "Malformed NotMasked")]
    [InlineData("81FE007D", "Malformed LengthNotShortest")]
    [InlineData("81FF7FFFFFFFFFFFFFFF", "TooLarge WebSocketFrameTooLarge")]
    [InlineData("88810000000003", "Malformed BadCloseFrame")]
    [InlineData("88820000000003ED", "Malformed BadCloseFrame")]
    [InlineData("88830000000003E8FF", "Malformed BadCloseFrame")]
    public void Every_fault_is_a_value(string hex, string expected)
    {
        Assert.Equal(expected, Read(Convert.FromHexString(hex))[^1]);
    }

    [Fact]
    public void Frames_are_limited_and_messages_of_several_are_not()
    {
        var limits = new ProtocolLimits { FrameBytes = 0, Headers = 0, HeaderLineBytes = 0 };
        var max = (int)limits.WebSocketPayloadBytes;
        var most = ClientFrame.Pattern(max);

        Assert.Equal(
            [$"Text {3 * max} {Convert.ToHexString([.. most, .. most, .. most])}", "TooLarge WebSocketFrameTooLarge"],
            Splits.CheckStateful(
                [
                    .. ClientFrame.Make(WsOpcode.Text, most, fin: false), .. ClientFrame.Make(WsOpcode.Continuation, most, fin: false),
                    .. ClientFrame.Make(WsOpcode.Continuation, most), .. ClientFrame.Make(WsOpcode.Text, ClientFrame.Pattern(max + 1)),
                ],
                () => DecoderReader.Fresh(limits)));
    }

    [Fact]
    public void A_payload_is_given_out_as_it_arrives()
    {
        var frame = ClientFrame.Text("Hello");
        var decoder = default(WsDecoder);

        Assert.Equal(ParseStatus.NeedMore, decoder.TryRead(frame.AsSpan(0, 6), ProtocolLimits.Default, out _, out var consumed, out _));
        Assert.Equal(6, consumed);
        Assert.Equal(ParseStatus.Done, decoder.TryRead(frame.AsSpan(6, 2), ProtocolLimits.Default, out var first, out consumed, out _));
        Assert.Equal("He"u8, first.Payload);
        Assert.Equal((2, false), (consumed, first.EndOfMessage));
        Assert.Equal(ParseStatus.NeedMore, decoder.TryRead([], ProtocolLimits.Default, out _, out consumed, out _));
        Assert.Equal(0, consumed);
        Assert.Equal(ParseStatus.Done, decoder.TryRead(frame.AsSpan(8), ProtocolLimits.Default, out var second, out _, out _));
        Assert.Equal("llo"u8, second.Payload);
        Assert.True(second.EndOfMessage && second.IsText);
    }

    [Fact]
    public void The_state_is_small()
    {
        Assert.InRange(Unsafe.SizeOf<WsDecoder>(), 1, 24);
    }

    private static IReadOnlyList<string> Read(params byte[][] frames) =>
        Splits.CheckStateful([.. frames.SelectMany(frame => frame)], () => DecoderReader.Fresh());
}
