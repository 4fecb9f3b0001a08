using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class WsHeaderReaderTests
{
    private const long PayloadMax = 1 << 20;

    [Theory]
    [InlineData("818537FA213D", "Text fin key=3D21FA37 length=5 header=6")]
    [InlineData("018337FA213D", "Text key=3D21FA37 length=3 header=6")]
    [InlineData("808200000000", "Continuation fin key=00000000 length=2 header=6")]
    [InlineData("000001020304", null)]
    [InlineData("8280FFFFFFFF", "Binary fin key=FFFFFFFF length=0 header=6")]
    [InlineData("898501020304", "Ping fin key=04030201 length=5 header=6")]
    [InlineData("8AFD01020304", "Pong fin key=04030201 length=125 header=6")]
    [InlineData("888001020304", "Close fin key=04030201 length=0 header=6")]
    [InlineData("81FD01020304", "Text fin key=04030201 length=125 header=6")]
    [InlineData("81FE007E01020304", "Text fin key=04030201 length=126 header=8")]
    [InlineData("82FE010001020304", "Binary fin key=04030201 length=256 header=8")]
    [InlineData("81FEFFFF01020304", "Text fin key=04030201 length=65535 header=8")]
    [InlineData("81FF000000000001000001020304", "Text fin key=04030201 length=65536 header=14")]
    [InlineData("81FF000000000010000001020304", "Text fin key=04030201 length=1048576 header=14")]
    public void Reads_every_length_form(string hex, string? expected)
    {
        Assert.Equal(expected is null ? ["Malformed NotMasked"] : [expected, "left 0"], Read(hex));
    }

    [Theory]
    [InlineData("C1", "Malformed ReservedBits")]
    [InlineData("A1", "Malformed ReservedBits")]
    [InlineData("91", "Malformed ReservedBits")]
    [InlineData("F3", "Malformed ReservedBits")]
    [InlineData("83", "Malformed UnknownOpcode")]
    [InlineData("84", "Malformed UnknownOpcode")]
    [InlineData("05", "Malformed UnknownOpcode")]
    [InlineData("86", "Malformed UnknownOpcode")]
    [InlineData("87", "Malformed UnknownOpcode")]
    [InlineData("8B", "Malformed UnknownOpcode")]
    [InlineData("0C", "Malformed UnknownOpcode")]
    [InlineData("8D", "Malformed UnknownOpcode")]
    [InlineData("8E", "Malformed UnknownOpcode")]
    [InlineData("8F", "Malformed UnknownOpcode")]
    [InlineData("08", "Malformed ControlFragmented")]
    [InlineData("09", "Malformed ControlFragmented")]
    [InlineData("0A", "Malformed ControlFragmented")]
    [InlineData("8105", "Malformed NotMasked")]
    [InlineData("817F", "Malformed NotMasked")]
    [InlineData("88FE", "Malformed ControlTooLong")]
    [InlineData("89FF", "Malformed ControlTooLong")]
    [InlineData("81FE0000", "Malformed LengthNotShortest")]
    [InlineData("81FE007D", "Malformed LengthNotShortest")]
    [InlineData("81FF000000000000FFFF", "Malformed LengthNotShortest")]
    [InlineData("81FF80", "Malformed LengthNotShortest")]
    [InlineData("81FFFF", "Malformed LengthNotShortest")]
    [InlineData("81FF0000000000100001", "TooLarge WebSocketFrameTooLarge")]
    [InlineData("81FF7FFFFFFFFFFFFFFF", "TooLarge WebSocketFrameTooLarge")]
    public void A_fault_is_seen_with_the_byte_that_makes_it_and_not_before(string hex, string expected)
    {
        Assert.Equal([expected], Read(hex));
        Assert.StartsWith("left", Assert.Single(Read(hex[..^2])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(125, 125, true)]
    [InlineData(126, 125, false)]
    [InlineData(65535, 65535, true)]
    [InlineData(65536, 65535, false)]
    [InlineData(1, 0, false)]
    public void The_payload_limit_is_inclusive(int length, long max, bool isAllowed)
    {
        var frame = ClientFrame.Make(WsOpcode.Binary, new byte[length]);

        var status = WsHeaderReader.TryRead(frame, max, out var header, out var fault);

        Assert.Equal(isAllowed ? ParseStatus.Done : ParseStatus.TooLarge, status);
        Assert.Equal(isAllowed ? ProtocolFault.None : ProtocolFault.WebSocketFrameTooLarge, fault);
        Assert.Equal(isAllowed ? length : 0, header.PayloadLength);
    }

    [Fact]
    public void All_first_two_bytes_agree_over_every_cut()
    {
        var done = 0;
        for (var first = 0; first < 256; first++)
        {
            for (var second = 0; second < 256; second++)
            {
                var seen = Splits.Check([(byte)first, (byte)second, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], ReadFirst);
                done += seen[0].Contains("header=", StringComparison.Ordinal) ? 1 : 0;
            }
        }

        // FIN and not, three data opcodes, lengths 0-125 and the 64-bit form (126 reads 0, which is not shortest); and three control
        // opcodes with FIN.
        Assert.Equal((2 * 3 * (126 + 1)) + (3 * 126), done);
    }

    private static IReadOnlyList<string> Read(string hex) => Splits.Check(Convert.FromHexString(hex), ReadFirst);

    private static ReadStep ReadFirst(Span<byte> input)
    {
        var status = WsHeaderReader.TryRead(input, PayloadMax, out var header, out var fault);
        Assert.Equal(status is ParseStatus.Malformed or ParseStatus.TooLarge, fault != ProtocolFault.None);
        return status == ParseStatus.Done
            ? new ReadStep(
                status,
                header.HeaderBytes,
                $"{header.Opcode}{(header.Fin ? " fin" : "")} key={header.MaskKey:X8} length={header.PayloadLength}"
                    + $" header={header.HeaderBytes}")
            : new ReadStep(status, 0, fault.ToString());
    }
}
