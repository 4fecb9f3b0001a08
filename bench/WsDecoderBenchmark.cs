using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.WebSocket;

namespace FastPush.Bench;

/// <summary>A read buffer that holds many messages, as it does under load.</summary>
[MemoryDiagnoser]
public class WsDecoderBenchmark
{
    private const int Frames = 64;

    private WsDecoder _decoder;
    private byte[] _buffer = [];

    [Params(128, 1024)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var payload = new byte[PayloadBytes];
        payload.AsSpan().Fill((byte)'x');
        _buffer = [.. Enumerable.Range(0, Frames).SelectMany(_ => ClientBytes.Frame(WsOpcode.Text, payload))];
        BenchNode.Require(ReadBuffer() == Frames * PayloadBytes, "not all frames were read");
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public int ReadBuffer()
    {
        var bytes = 0;
        for (var rest = _buffer.AsSpan(); !rest.IsEmpty;)
        {
            if (_decoder.TryRead(rest, ProtocolLimits.Default, out var chunk, out var consumed, out _) != ParseStatus.Done)
            {
                return -1;
            }

            bytes += chunk.Payload.Length;
            rest = rest[consumed..];
        }

        return bytes;
    }
}
