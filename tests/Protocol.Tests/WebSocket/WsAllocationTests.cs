using FastPush.Protocol.Handshake;
using FastPush.Protocol.Stomp;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

public class WsAllocationTests
{
    private const int Rounds = 1000;

    [Fact]
    public void Reading_a_header_allocates_nothing()
    {
        var frame = ClientFrame.Make(WsOpcode.Binary, new byte[300]);
        AssertNothing(() => WsHeaderReader.TryRead(frame, 1000, out _, out _) == ParseStatus.Done);
    }

    [Fact]
    public void Writing_a_header_allocates_nothing()
    {
        var header = new byte[WsHeaderWriter.MaxBytes];
        AssertNothing(() => WsHeaderWriter.Write(header, WsOpcode.Text, 70_000) == WsHeaderWriter.MaxBytes);
    }

    [Fact]
    public void Masking_allocates_nothing()
    {
        var data = new byte[1003];
        AssertNothing(() =>
        {
            WsMask.Apply(data, ClientFrame.Key, 3);
            return true;
        });
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        byte[] stream =
        [
            .. ClientFrame.Text("begin é", fin: false), .. ClientFrame.Make(WsOpcode.Ping, "hi"u8),
            .. ClientFrame.Make(WsOpcode.Continuation, "€ end"u8), .. ClientFrame.Make(WsOpcode.Binary, new byte[70_000]),
            .. ClientFrame.Close(1000, "bye"u8),
        ];
        var copy = new byte[stream.Length];
        AssertNothing(() =>
        {
            stream.CopyTo(copy, 0);
            var decoder = default(WsDecoder);
            var start = 0;
            while (decoder.TryRead(copy.AsSpan(start), ProtocolLimits.Default, out _, out var consumed, out _) == ParseStatus.Done)
            {
                start += consumed;
            }

            return start == copy.Length;
        });
    }

    [Fact]
    public void The_handshake_allocates_nothing()
    {
        var head = ("GET /stomp?token=a%20b HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer t\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").Select(c => (byte)c).ToArray();
        var value = new byte[16];
        AssertNothing(() =>
            UpgradeRequest.TryRead(head, ProtocolLimits.Default, out var request, out _, out _) == ParseStatus.Done
            && request.TryQuery("token"u8, value, out var written) && written == 3 && request.BearerToken.Length == 1);
    }

    [Fact]
    public void Accepting_allocates_nothing()
    {
        var response = new byte[UpgradeResponse.AcceptBytesMax];
        AssertNothing(() => UpgradeResponse.WriteAccept(response, "dGhlIHNhbXBsZSBub25jZQ=="u8, StompVersion.V12) > 0);
    }

    [Fact]
    public void Refusing_allocates_nothing()
    {
        var response = new byte[1024];
        AssertNothing(() => UpgradeResponse.WriteRefusal(response, 400, "Bad Request"u8, default, "\"t\""u8, "d"u8) > 0);
    }

    private static void AssertNothing(Func<bool> action)
    {
        var succeeded = true;
        Assert.Equal(0, Allocations.Least(() => succeeded &= action(), Rounds, rounds: 10));
        Assert.True(succeeded);
    }
}
