using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol;
using FastPush.Protocol.WebSocket;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class WsHeaderBenchmark
{
    private readonly byte[] _written = new byte[WsHeaderWriter.MaxBytes];
    private byte[] _frame = [];

    [Params(100, 4096, 100_000)]
    public int PayloadBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _frame = ClientBytes.Frame(WsOpcode.Binary, new byte[PayloadBytes]);
        BenchNode.Require(Read() == PayloadBytes, "the header was not read");
    }

    [Benchmark]
    public long Read()
    {
        var status = WsHeaderReader.TryRead(_frame, long.MaxValue, out var header, out _);
        return status == ParseStatus.Done ? header.PayloadLength : -1;
    }

    [Benchmark]
    public int Write() => WsHeaderWriter.Write(_written, WsOpcode.Text, PayloadBytes);
}
