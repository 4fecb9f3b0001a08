using BenchmarkDotNet.Attributes;
using FastPush.Bench.Allocations;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Stomp;

namespace FastPush.Bench;

/// <summary>One message from the publisher's bytes to all receivers' links; per message.</summary>
[MemoryDiagnoser]
[GateOperations(2_000)]
public class FanoutBenchmark
{
    private readonly BenchNode _host = new();
    private readonly NullLink _receivers = new();
    private readonly byte[] _send = ClientBytes.Stomp(ClientBytes.Send("/topic/room.1", 128));
    private StompConnection? _publisher;

    [Params(1, 100, 1000)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _publisher = _host.Connect("publisher", new NullLink());
        _host.ConnectSubscribers(Sessions, _receivers, "/topic/room.1", "auto");
        var before = _receivers.Sends;
        Auto();
        BenchNode.Require(_receivers.Sends - before == Sessions, "the message did not reach everybody");
    }

    [Benchmark]
    public void Auto() => _host.Run(_publisher!, _send);
}
