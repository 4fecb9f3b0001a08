using BenchmarkDotNet.Attributes;
using FastPush.Bench.Allocations;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Topics;

namespace FastPush.Bench;

/// <summary>One message to all receivers and an ACK frame back from each of them; per message.</summary>
[MemoryDiagnoser]
[GateOperations(1_000)]
public class AckedFanoutBenchmark
{
    private readonly BenchNode _host = new();
    private readonly NullLink _receivers = new();
    private readonly byte[] _send = ClientBytes.Stomp(ClientBytes.Send("/topic/room.1", 128));
    private StompConnection? _publisher;
    private StompConnection[] _subscribers = [];
    private AckBytes[] _acks = [];
    private long _sequence;

    [Params(1, 100, 1000)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _publisher = _host.Connect("publisher", new NullLink());
        _subscribers = _host.ConnectSubscribers(Sessions, _receivers, "/topic/room.1", "client-individual");
        _acks = [.. _subscribers.Select(s => new AckBytes(s.Session))];
        var before = _receivers.Sends;
        ClientIndividual();
        BenchNode.Require(_receivers.Sends - before == Sessions, "the message did not reach everybody");
        BenchNode.Require(
            _host.Node.Metrics.MessagesAcked == Sessions
            && Array.TrueForAll(_subscribers, s => s.Session.Subscriptions.Items[0].Window!.Count == 0),
            "not everybody's acknowledgement counted");
    }

    [Benchmark]
    public void ClientIndividual()
    {
        _host.Run(_publisher!, _send);
        _sequence++;
        for (var i = 0; i < _subscribers.Length; i++)
        {
            _acks[i].Name(_sequence);
            _subscribers[i].Receive(_acks[i].Bytes);
            _subscribers[i].EndRead();
        }

        FanoutBatch.Current.Complete(_host.Node);
    }
}
