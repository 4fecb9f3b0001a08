using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Sessions;

namespace FastPush.Bench;

/// <summary>
/// CONNECT and SUBSCRIBE of a user whose token is verified already, and the end of the connection. What it allocates is what a session
/// and a subscription are made of.
/// </summary>
[MemoryDiagnoser]
public class ConnectBenchmark
{
    private readonly BenchNode _host = new();
    private readonly NullLink _link = new(mayEnd: true);
    private readonly byte[] _subscribe = ClientBytes.Stomp("SUBSCRIBE\nid:0\ndestination:/user/queue/messages\n\n");
    private Principal? _principal;

    [GlobalSetup]
    public void Setup()
    {
        _principal = _host.Principal("u0");
        BenchNode.Require(ConnectAndLeave() == 1 && _host.Node.Sessions.Count == 0, "the user did not subscribe, or did not leave");
    }

    [Benchmark]
    public int ConnectAndLeave()
    {
        var connection = _host.Connect(_principal!, _link);
        _host.Run(connection, _subscribe);
        var subscriptions = connection.Session.Subscriptions.Count;
        SessionCloser.End(connection.Session, CloseReason.PeerGone);
        connection.Release();
        return subscriptions;
    }
}
