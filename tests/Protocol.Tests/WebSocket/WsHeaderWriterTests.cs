using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class WsHeaderWriterTests
{
    [Theory]
    [InlineData(WsOpcode.Text, 5, "8105")]
    [InlineData(WsOpcode.Binary, 0, "8200")]
    [InlineData(WsOpcode.Pong, 125, "8A7D")]
    [InlineData(WsOpcode.Close, 2, "8802")]
    [InlineData(WsOpcode.Text, 126, "817E007E")]
    [InlineData(WsOpcode.Binary, 256, "827E0100")]
    [InlineData(WsOpcode.Text, 65535, "817EFFFF")]
    [InlineData(WsOpcode.Binary, 65536, "827F0000000000010000")]
    [InlineData(WsOpcode.Text, int.MaxValue, "817F000000007FFFFFFF")]
    public void Writes_the_shortest_form_with_FIN_and_no_mask(WsOpcode opcode, int length, string hex)
    {
        var header = new byte[WsHeaderWriter.MaxBytes];

        var written = WsHeaderWriter.Write(header, opcode, length);

        Assert.Equal(hex, Convert.ToHexString(header.AsSpan(0, written)));
        Assert.Equal(written, WsHeaderWriter.Size(length));
    }
}
