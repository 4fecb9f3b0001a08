using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.Handshake;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class UpgradeBenchmark
{
    private readonly byte[] _response = new byte[UpgradeResponse.AcceptBytesMax];
    private byte[] _request = [];

    [GlobalSetup]
    public void Setup()
    {
        var token = new string('t', 600);
        _request = Encoding.ASCII.GetBytes(
            "GET /stomp HTTP/1.1\r\nHost: push.example.org\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            + "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
            + "Origin: https://app.example.org\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\n"
            + $"Authorization: Bearer {token}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n\r\n");
        BenchNode.Require(Accept() > 100, "the upgrade was not accepted");
    }

    [Benchmark]
    public int Read() =>
        UpgradeRequest.TryRead(_request, ProtocolLimits.Default, out var request, out var consumed, out _) == ParseStatus.Done
        && request.IsWebSocketUpgrade
            ? consumed
            : -1;

    /// <summary>Read and answered.</summary>
    [Benchmark]
    public int Accept() =>
        UpgradeRequest.TryRead(_request, ProtocolLimits.Default, out var request, out _, out _) == ParseStatus.Done
            ? UpgradeResponse.WriteAccept(_response, request.Key, request.Subprotocol)
            : -1;
}
