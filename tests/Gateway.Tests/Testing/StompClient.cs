using FastPush.Gateway.Auth;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>A client at the end of a <see cref="MemoryLink"/>: what it sends is handled before the call returns.</summary>
internal sealed class StompClient
{
    private bool _ended;

    public StompClient(TestNode host, Principal? principal, MemoryLink? link = null)
    {
        Link = link ?? new MemoryLink();
        Connection = new StompConnection(host.Node, Link, principal);
        host.Node.Sessions.Add(Session);
    }

    public MemoryLink Link { get; }

    public StompConnection Connection { get; }

    public Session Session => Connection.Session;

    /// <summary>Sends STOMP frames (without their NUL), each in a message of its own, all in one read.</summary>
    public void Send(params string[] frames) => Raw([.. frames.SelectMany(ClientBytes.Stomp)]);

    /// <summary>Sends bytes in one read.</summary>
    public void Raw(byte[] bytes)
    {
        Receive(bytes);
    }

    /// <summary>One read batch, as the engine runs it. Allocates nothing of its own.</summary>
    public void Receive(Span<byte> bytes)
    {
        Connection.Receive(bytes);
        Connection.EndRead();
        FanoutBatch.Current.Complete(Connection.Node);
    }

    /// <summary>Sends CONNECT and gives back the CONNECTED frame.</summary>
    public ServerFrame Connect(string versions = "1.2", string heartBeat = "0,0")
    {
        Send($"CONNECT\naccept-version:{versions}\nhost:x\nheart-beat:{heartBeat}\n\n");
        var connected = Next();
        Assert.Equal("CONNECTED", connected.Command);
        return connected;
    }

    /// <summary>Subscribes; <paramref name="headers"/> are further header lines, each ended by LF.</summary>
    public StompClient Subscribe(string destination, string headers = "", string id = "0")
    {
        Send($"SUBSCRIBE\nid:{id}\ndestination:{destination}\n{headers}\n");
        return this;
    }

    public void Publish(string destination, string body, string headers = "") =>
        Send($"SEND\ndestination:{destination}\n{headers}\n{body}");

    /// <summary>The <c>ack</c> header of this session's delivery, from the subscription's number and the sequence: <c>1-1</c>.</summary>
    public string AckId(string delivery) => $"{Session.Node.AckKeyOf(Session):x16}-{delivery}";

    public void Ack(ServerFrame message) => Send($"ACK\nid:{message["ack"]}\n\n");

    public void Nack(ServerFrame message) => Send($"NACK\nid:{message["ack"]}\n\n");

    /// <summary>The frames that came since the last look.</summary>
    public List<ServerFrame> Take() => Link.TakeFrames();

    /// <summary>The bodies of the messages that came since the last look; fails on any other frame.</summary>
    public string[] TakeBodies() =>
        [.. Take().Select(f => f.Command == "MESSAGE" ? f.Body : throw new InvalidOperationException(f.ToString()))];

    /// <summary>The only frame that came.</summary>
    public ServerFrame Next() => Assert.Single(Take());

    /// <summary>Expects an ERROR, a close frame and the end of the connection; returns the ERROR.</summary>
    public ServerFrame ExpectRefusal(int code)
    {
        var frames = Take();
        Assert.Equal(["ERROR", "CLOSE"], frames.Select(f => f.Command));
        Assert.Equal(code, frames[1].Code);
        Assert.NotEqual("", frames[0]["message"]);
        Assert.NotEqual("", frames[0].Body);
        Assert.True(Link.IsEnded);
        return frames[0];
    }

    /// <summary>The connection is over, as when the reader of its socket comes to the end. Idempotent.</summary>
    public void End()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        SessionCloser.End(Session, CloseReason.PeerGone);
        Connection.Release();
    }
}
