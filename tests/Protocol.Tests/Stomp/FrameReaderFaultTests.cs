using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class FrameReaderFaultTests
{
    private static readonly ProtocolLimits Small = new() { FrameBytes = 8, Headers = 3, HeaderLineBytes = 20 };

    [Theory]
    [InlineData("X", ProtocolFault.UnknownCommand)]
    [InlineData("send\n\n\0", ProtocolFault.UnknownCommand)]
    [InlineData("SENT", ProtocolFault.UnknownCommand)]
    [InlineData("SEND ", ProtocolFault.UnknownCommand)]
    [InlineData("SENDX", ProtocolFault.UnknownCommand)]
    [InlineData("SEN\n", ProtocolFault.UnknownCommand)]
    [InlineData("SEN\r\n", ProtocolFault.UnknownCommand)]
    [InlineData("SEND\0", ProtocolFault.UnknownCommand)]
    [InlineData("\0", ProtocolFault.UnknownCommand)]
    [InlineData("CONNECTED\n\n\0", ProtocolFault.UnknownCommand)]
    [InlineData("MESSAGE\n\n\0", ProtocolFault.UnknownCommand)]
    [InlineData("RECEIPT\n\n\0", ProtocolFault.UnknownCommand)]
    [InlineData("ERROR\n\n\0", ProtocolFault.UnknownCommand)]
    [InlineData("UNSUBSCRIBED\n", ProtocolFault.UnknownCommand)]
    [InlineData("\u00FF\u00FE", ProtocolFault.UnknownCommand)]
    [InlineData("\rSEND\n", ProtocolFault.StrayCarriageReturn)]
    [InlineData("\r\r\n", ProtocolFault.StrayCarriageReturn)]
    [InlineData("SEND\rx", ProtocolFault.StrayCarriageReturn)]
    [InlineData("SEND\r\r\n", ProtocolFault.StrayCarriageReturn)]
    public void ABadCommandLineIsRefusedAtItsFirstWrongOctet(string text, ProtocolFault fault) =>
        Assert.Equal([$"Malformed {fault} Unknown|>"], FrameSplits.Read(Encoding.Latin1.GetBytes(text)));

    [Theory]
    [InlineData("a:1\nfoo\n", ProtocolFault.HeaderWithoutColon, "|a=1")]
    [InlineData("foo\r\n", ProtocolFault.HeaderWithoutColon, "")]
    [InlineData(" \n", ProtocolFault.HeaderWithoutColon, "")]
    [InlineData("a:1\n:value\n", ProtocolFault.EmptyHeaderName, "|a=1")]
    [InlineData(":\n", ProtocolFault.EmptyHeaderName, "")]
    [InlineData("a:1\nb:\0", ProtocolFault.ControlInHeader, "|a=1")]
    [InlineData("\0", ProtocolFault.ControlInHeader, "")]
    [InlineData("a:1\nb:2\rc", ProtocolFault.StrayCarriageReturn, "|a=1")]
    [InlineData("\rx", ProtocolFault.StrayCarriageReturn, "")]
    [InlineData("a:1\r\r\n", ProtocolFault.StrayCarriageReturn, "")]
    [InlineData("content-length:\n", ProtocolFault.BadContentLength, "")]
    [InlineData("content-length: 1\n", ProtocolFault.BadContentLength, "")]
    [InlineData("content-length:-1\n", ProtocolFault.BadContentLength, "")]
    [InlineData("content-length:+1\n", ProtocolFault.BadContentLength, "")]
    [InlineData("content-length:0x1\n", ProtocolFault.BadContentLength, "")]
    [InlineData("receipt:r\ncontent-length:1a\n", ProtocolFault.BadContentLength, "|receipt=r")]
    [InlineData("receipt:r\nb:\\t\n\n", ProtocolFault.BadEscape, "|receipt=r")]
    [InlineData("b:\\\nreceipt:r\n\n", ProtocolFault.BadEscape, "")]
    [InlineData("b:\\\r\n\n", ProtocolFault.BadEscape, "")]
    [InlineData("\\:x\n\n", ProtocolFault.BadEscape, "")]
    [InlineData("a:1\nb:\u00FF\n\n", ProtocolFault.HeaderNotUtf8, "|a=1")]
    [InlineData("b:\u00C3\nc:\u00A9\n\n", ProtocolFault.HeaderNotUtf8, "")]
    [InlineData("b:\u00ED\u00A0\u0080\n\n", ProtocolFault.HeaderNotUtf8, "")]
    [InlineData("content-length:2\n\nabc", ProtocolFault.MissingNul, "|content-length=2")]
    [InlineData("content-length:0\n\n\n", ProtocolFault.MissingNul, "|content-length=0")]
    public void ABadHeadOrEndIsRefusedWithTheLegalLinesBeforeIt(string afterCommand, ProtocolFault fault, string headers) =>
        Assert.Equal([$"Malformed {fault} Send{headers}|>"], FrameSplits.Read(Encoding.Latin1.GetBytes("SEND\n" + afterCommand)));

    [Theory]
    [InlineData("CONNECT")]
    [InlineData("STOMP")]
    [InlineData("SUBSCRIBE")]
    [InlineData("UNSUBSCRIBE")]
    [InlineData("ACK")]
    [InlineData("NACK")]
    [InlineData("BEGIN")]
    [InlineData("COMMIT")]
    [InlineData("ABORT")]
    [InlineData("DISCONNECT")]
    public void ABodyOfAnyFrameButSendIsRefusedAtItsFirstOctet(string command)
    {
        string name = FrameSplits.Read($"{command}\n\n\0")[0].Split('|')[0];
        Assert.Equal([$"Malformed BodyNotAllowed {name}|receipt=r|>"], FrameSplits.Read($"{command}\nreceipt:r\n\nx"));
        Assert.Equal(
            [$"Malformed BodyNotAllowed {name}|content-length=5|receipt=r|>"],
            FrameSplits.Read($"{command}\ncontent-length:5\nreceipt:r\n\nhello\0"));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("99999999999")]
    [InlineData("none")]
    public void AContentLengthWithoutBodyTakesNothingFromTheNextFrame(string length) =>
        Assert.Equal(
            [$"Ack|content-length={length}|id=7|>", "Disconnect|receipt=z|>", "NeedMore 0"],
            FrameSplits.Read($"ACK\ncontent-length:{length}\nid:7\n\n\0DISCONNECT\nreceipt:z\n\n\0"));

    [Theory]
    [InlineData("\\r", StompVersion.V11)]
    [InlineData("\\t", StompVersion.V11)]
    [InlineData("\\t", StompVersion.V12)]
    [InlineData("\\N", StompVersion.V12)]
    [InlineData("\\\\\\", StompVersion.V12)]
    public void AnEscapeThatTheVersionLacksIsRefused(string value, StompVersion version) =>
        Assert.Equal(["Malformed BadEscape Send|>"], FrameSplits.Read($"SEND\na:{value}\n\n\0", version));

    [Fact]
    public void ABodyOverTheLimitIsRefusedBeforeItArrives()
    {
        Assert.Equal(
            ["Send|content-length=8|>12345678", "NeedMore 0"], FrameSplits.Read("SEND\ncontent-length:8\n\n12345678\0", limits: Small));
        Assert.Equal(["Send|>12345678", "NeedMore 0"], FrameSplits.Read("SEND\n\n12345678\0", limits: Small));
        Assert.Equal(
            ["TooLarge BodyTooLarge Send|content-length=9|receipt=r|>"],
            FrameSplits.Read("SEND\ncontent-length:9\nreceipt:r\n\n", limits: Small));
        Assert.Equal(["TooLarge BodyTooLarge Send|>"], FrameSplits.Read("SEND\n\n123456789", limits: Small));
        Assert.Equal(["NeedMore 14"], FrameSplits.Read("SEND\n\n12345678", limits: Small));
    }

    [Theory]
    [InlineData("2147483647")]
    [InlineData("2147483648")]
    [InlineData("4294967296")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999999999999999999999")]
    public void AContentLengthBeyondAnyIntegerIsTooLarge(string digits) =>
        Assert.Equal(
            [$"TooLarge BodyTooLarge Send|content-length={digits}|>"], FrameSplits.Read($"SEND\ncontent-length:{digits}\n\nabc\0"));

    [Fact]
    public void LeadingZerosOfAContentLengthAreDigits() =>
        Assert.Equal(
            ["Send|content-length=0000000000000000000002|>ab", "NeedMore 0"],
            FrameSplits.Read("SEND\ncontent-length:0000000000000000000002\n\nab\0"));

    [Fact]
    public void MoreHeaderLinesThanTheLimitAreRefused()
    {
        Assert.Equal(["Send|a=1|b=2|c=3|>", "NeedMore 0"], FrameSplits.Read("SEND\na:1\nb:2\nc:3\n\n\0", limits: Small));
        Assert.Equal(
            ["TooLarge TooManyHeaders Send|a=1|b=2|c=3|>"], FrameSplits.Read("SEND\na:1\nb:2\nc:3\nd:4\n", limits: Small));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void AHeaderLineOverTheLimitIsRefusedBeforeItsEnd(string lineEnd)
    {
        string fits = "a:" + new string('x', 18);
        Assert.Equal(
            [$"Send|a={fits[2..]}|>", "NeedMore 0"], FrameSplits.Read($"SEND\n{fits}{lineEnd}\n\0", limits: Small));
        Assert.Equal(["TooLarge HeaderLineTooLong Send|b=1|>"], FrameSplits.Read($"SEND\nb:1\n{fits}x", limits: Small));
        Assert.Equal(["TooLarge HeaderLineTooLong Send|>"], FrameSplits.Read($"SEND\n{fits}x{lineEnd}\n\0", limits: Small));
        Assert.Equal(["NeedMore 26"], FrameSplits.Read($"SEND\n{fits}\r", limits: Small));
        Assert.Equal(["Malformed StrayCarriageReturn Send|>"], FrameSplits.Read($"SEND\n{fits}\rx", limits: Small));
    }

    [Fact]
    public void ACommandLineOverTheLimitIsRefused()
    {
        var limits = new ProtocolLimits { HeaderLineBytes = 5 };
        Assert.Equal(["TooLarge CommandLineTooLong Unknown|>"], FrameSplits.Read("CONNECT\n\n\0", limits: limits));
        Assert.Equal(["TooLarge CommandLineTooLong Unknown|>"], FrameSplits.Read("UNSUBS", limits: limits));
        Assert.Equal(["Abort|>", "NeedMore 0"], FrameSplits.Read("ABORT\r\n\n\0", limits: limits));
    }
}
