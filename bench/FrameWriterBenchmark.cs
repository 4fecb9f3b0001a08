using BenchmarkDotNet.Attributes;
using FastPush.Protocol.Stomp;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class FrameWriterBenchmark
{
    private readonly byte[] _destination = new byte[1024];

    [Benchmark]
    public int Connected() =>
        FrameWriter.WriteConnected(_destination, StompVersion.V12, "12345"u8, "FastPush/1"u8, 10_000, 10_000, "alice"u8);

    [Benchmark]
    public int Receipt() => FrameWriter.WriteReceipt(_destination, "receipt-17"u8, 123_456_789_012_345_678);

    [Benchmark]
    public int Error() => FrameWriter.WriteError(
        _destination, StompVersion.V12, "bad destination"u8, "receipt-17"u8, "A destination is /topic/{name} or a user's queue."u8);
}
