using BenchmarkDotNet.Attributes;
using FastPush.Protocol.WebSocket;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class WsMaskBenchmark
{
    private byte[] _data = [];

    [Params(128, 4 << 10, 64 << 10)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup() => _data = new byte[Bytes];

    [Benchmark]
    public void Apply() => WsMask.Apply(_data, 0x5A17C3E9, 0);

    /// <summary>As in the middle of a payload, on a start that is not aligned.</summary>
    [Benchmark]
    public void ApplyAtOffset() => WsMask.Apply(_data.AsSpan(3), 0x5A17C3E9, 3);
}
