using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.Envelope;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class RelayEnvelopeBenchmark
{
    private byte[] _body = [];
    private byte[] _buffer = [];
    private byte[] _written = [];

    [Params(128, 4 << 10)]
    public int BodyBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _body = new byte[BodyBytes];
        _buffer = new byte[BodyBytes + 512];
        _written = _buffer[..Write()];
        BenchNode.Require(Read() == BodyBytes, "the envelope was not read");
    }

    [Benchmark]
    public int Write() => new RelayEnvelope
    {
        OriginServerId = 7,
        MessageId = 123_456_789_012_345_678,
        Destination = "/topic/room.1"u8,
        TimestampMs = 1_763_712_000_000,
        Flags = RelayFlags.TextBody,
        HeaderLines = "content-type:application/json\ntrace:4bf92f3577b34da6\n"u8,
        Body = _body,
    }.Write(_buffer);

    [Benchmark]
    public int Read() => RelayEnvelope.TryRead(_written, out var envelope, out _) == ParseStatus.Done ? envelope.Body.Length : -1;
}
