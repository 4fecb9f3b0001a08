using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Tests.Load;

/// <summary>Many subscribers of one topic and the publisher who sends to them, all on the calling thread.</summary>
internal sealed class Audience : IDisposable
{
    private readonly TestNode _host;
    private readonly string _topic;
    private readonly StompClient _publisher;
    private readonly StompConnection[] _subscribers;
    private int _published;

    public Audience(TestNode host, int count, string topic, string ack = "auto")
    {
        _host = host;
        _topic = topic;
        _publisher = host.Connect("publisher");
        Links = [.. Enumerable.Range(0, count).Select(_ => new CountingLink())];
        _subscribers = [.. Links.Select((link, i) => Subscribe(link, $"u{i}", ack))];
    }

    public CountingLink[] Links { get; }

    /// <summary>Sends the next message and waits for its receipt: the loop is closed.</summary>
    public void Publish()
    {
        _publisher.Publish(_topic, CountingLink.Body(_published++), "receipt:r\n");
        Assert.Equal("RECEIPT", _publisher.Next().Command);
    }

    /// <summary>Every subscriber acknowledges the newest message.</summary>
    public void Acknowledge()
    {
        foreach (var subscriber in _subscribers)
        {
            var ack = new AckId(_host.Node.AckKeyOf(subscriber.Session), 1, _published);
            subscriber.Receive(ClientBytes.Stomp($"ACK\nid:{ack}\n\n"));
            subscriber.EndRead();
        }

        FanoutBatch.Current.Complete(_host.Node);
    }

    public void Dispose()
    {
        foreach (var subscriber in _subscribers)
        {
            SessionCloser.End(subscriber.Session, CloseReason.PeerGone);
            subscriber.Release();
        }
    }

    private StompConnection Subscribe(CountingLink link, string user, string ack)
    {
        var connection = new StompConnection(_host.Node, link, _host.Principal(user));
        _host.Node.Sessions.Add(connection.Session);
        connection.Receive(ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n"));
        connection.Receive(ClientBytes.Stomp($"SUBSCRIBE\nid:0\ndestination:{_topic}\nack:{ack}\n\n"));
        connection.EndRead();
        FanoutBatch.Current.Complete(_host.Node);
        return connection;
    }
}
