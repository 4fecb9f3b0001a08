using BenchmarkDotNet.Attributes;
using FastPush.Protocol.Sse;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class SseWriterBenchmark
{
    private byte[] _data = [];
    private byte[] _destination = [];

    [Params(1, 16)]
    public int Lines { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _data = new byte[1024];
        _data.AsSpan().Fill((byte)'x');
        for (var line = 1; line < Lines; line++)
        {
            _data[line * _data.Length / Lines] = (byte)'\n';
        }

        _destination = new byte[SseWriter.Size(0, _data)];
    }

    [Benchmark]
    public int Event() => SseWriter.WriteEvent(_destination, 123_456_789_012_345_678, default, _data);

    [Benchmark]
    public int Size() => SseWriter.Size(0, _data);
}
