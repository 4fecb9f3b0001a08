using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class AckWindowBenchmark
{
    private const int Outstanding = 32;
    private const int Batch = 16;

    private readonly AckWindow _window = new(64, new MemoryShare(new MemoryAccount(long.MaxValue), long.MaxValue), long.MaxValue);
    private Payload? _payload;
    private long _newest;

    [GlobalSetup]
    public void Setup()
    {
        _payload = new PayloadPool(1 << 20).TryRent(256);
        while (_window.Count < Outstanding)
        {
            _newest = _window.Add(_payload!, 0, 0, isCharged: true);
        }

        BenchNode.Require(AddAndAckOne() && AddAndAckBatch() == Batch, "the window did not give back what went in");
    }

    [Benchmark]
    public bool AddAndAckOne()
    {
        _newest = _window.Add(_payload!, 0, 0, isCharged: true);
        return _window.TryRemove(_newest - Outstanding, out _, out _);
    }

    /// <summary>Sixteen deliveries and the one cumulative acknowledgement of as many; per delivery.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int AddAndAckBatch()
    {
        for (var i = 0; i < Batch; i++)
        {
            _newest = _window.Add(_payload!, 0, 0, isCharged: true);
        }

        var acked = 0;
        while (_window.TryRemoveThrough(_newest - Outstanding, out _, out _))
        {
            acked++;
        }

        return acked;
    }
}
