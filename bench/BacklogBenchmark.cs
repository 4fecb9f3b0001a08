using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Bench;

/// <summary>A wait that ends. A deep one gives its ring back when it is over, by design, so it allocates one each time.</summary>
[MemoryDiagnoser]
public class BacklogBenchmark
{
    private Backlog _backlog;
    private OfflineMessage _message;

    [Params(16, 256)]
    public int Depth { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var payload = new PayloadPool(1 << 20).TryRent(256)!;
        payload.Seal(1, 0, 200, 0, 100, true);
        _message = new OfflineMessage(payload, 0);
        BenchNode.Require(AddAndTakeAll() == 200 * Depth, "the backlog did not give back what went in");
    }

    [Benchmark]
    public long AddAndTakeAll()
    {
        for (var i = 0; i < Depth; i++)
        {
            _backlog.Add(_message, isCharged: true);
        }

        var bytes = _backlog.Bytes;
        while (_backlog.Count > 0)
        {
            _backlog.Take(out _);
        }

        return bytes;
    }
}
