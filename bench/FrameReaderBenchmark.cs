using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.Stomp;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class FrameReaderBenchmark
{
    private byte[] _frame = [];

    [Params(128, 4 << 10)]
    public int BodyBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _frame = Encoding.UTF8.GetBytes(ClientBytes.Send("/topic/room.1", BodyBytes) + "\0");
        BenchNode.Require(Send() == BodyBytes && SendInHalves() == BodyBytes, "the frame was not read");
    }

    [Benchmark]
    public int Send()
    {
        var scan = default(FrameScan);
        return Read(ref scan, _frame);
    }

    /// <summary>A frame that comes in two reads, cut within its head.</summary>
    [Benchmark]
    public int SendInHalves()
    {
        var scan = default(FrameScan);
        Read(ref scan, _frame.AsSpan(0, 40));
        return Read(ref scan, _frame);
    }

    /// <summary>The header that every SEND is asked for.</summary>
    [Benchmark]
    public int SendAndDestination()
    {
        var scan = default(FrameScan);
        FrameReader.TryRead(ref scan, _frame, StompVersion.V12, ProtocolLimits.Default, out var frame, out _, out _);
        return frame.TryGet(HeaderName.Destination, out var destination) ? destination.Length : -1;
    }

    private static int Read(ref FrameScan scan, ReadOnlySpan<byte> bytes)
    {
        var status = FrameReader.TryRead(ref scan, bytes, StompVersion.V12, ProtocolLimits.Default, out var frame, out _, out _);
        return status == ParseStatus.Done ? frame.Body.Length : -1;
    }
}
