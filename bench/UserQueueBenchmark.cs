using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Stomp;

namespace FastPush.Bench;

/// <summary>One message to one user who is here, up to its noted outcome.</summary>
[MemoryDiagnoser]
public class UserQueueBenchmark
{
    private readonly BenchNode _host = new();
    private readonly NullLink _receiver = new();
    private readonly byte[] _send = ClientBytes.Stomp(ClientBytes.Send("/user/u0/queue/messages", 128));
    private StompConnection? _publisher;
    private StompConnection? _subscriber;
    private AckBytes? _ack;
    private long _sequence;

    [Params("auto", "client-individual")]
    public string Ack { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _publisher = _host.Connect("publisher", new NullLink());
        _subscriber = _host.ConnectSubscribers(1, _receiver, "/user/queue/messages", Ack)[0];
        _ack = Ack == "auto" ? null : new AckBytes(_subscriber.Session);
        var before = _receiver.Sends;
        Direct();
        BenchNode.Require(_receiver.Sends - before == 1, "the message did not reach its user");
        BenchNode.Require(_host.Node.Metrics.MessagesAcked == (_ack is null ? 0 : 1), "the acknowledgement did not count");
    }

    [Benchmark]
    public void Direct()
    {
        _host.Run(_publisher!, _send);
        if (_ack is not null)
        {
            _ack.Name(++_sequence);
            _host.Run(_subscriber!, _ack.Bytes);
        }
    }
}
