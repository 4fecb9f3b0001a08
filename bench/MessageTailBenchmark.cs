using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.Stomp;

namespace FastPush.Bench;

/// <summary>From a SEND to what its receivers share: reading the frame is part of it, since a frame cannot be kept.</summary>
[MemoryDiagnoser]
public class MessageTailBenchmark
{
    private const long MessageId = 123_456_789_012_345_678;
    private const long TimestampMs = 1_763_712_000_000;

    private byte[] _send = [];
    private byte[] _body = [];
    private byte[] _tail = [];

    [Params(128, 4 << 10)]
    public int BodyBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _send = Encoding.UTF8.GetBytes(ClientBytes.Send("/topic/room.1", BodyBytes) + "\0");
        _body = new byte[BodyBytes];
        _tail = new byte[BodyBytes + 1024];
        BenchNode.Require(FromSend() > BodyBytes && FromParts() > BodyBytes, "no tail was written");
    }

    [Benchmark]
    public int FromSend()
    {
        var scan = default(FrameScan);
        FrameReader.TryRead(ref scan, _send, StompVersion.V12, ProtocolLimits.Default, out var frame, out _, out _);
        return MessageTail.Write(_tail, MessageId, "/topic/room.1"u8, TimestampMs, frame, StompVersion.V12, out _, out _);
    }

    [Benchmark]
    public int FromParts() =>
        MessageTail.Write(_tail, MessageId, "/topic/room.1"u8, TimestampMs, "content-type:application/json\n"u8, _body, out _, out _);
}
