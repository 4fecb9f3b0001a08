using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;

namespace FastPush.Simulation.Fleet;

/// <summary>One connection of a client to one server.</summary>
internal sealed class FleetConnection
{
    private readonly FleetWorld _world;
    private readonly Queue<(byte[] Bytes, Action? Then)> _out = new();

    public FleetConnection(FleetWorld world, FleetClient client, FleetNode node, int number)
    {
        _world = world;
        Client = client;
        Node = node;
        Name = $"{client.Name}.{number}";
        Link = new FaultyLink(world.Fail, () => world.NowMs, world.Random.Next(2) == 0);
        Server = new StompConnection(node.Node, Link, world.Principal(client.User));
        node.Node.Sessions.Add(Session);
    }

    public string Name { get; }

    public FleetClient Client { get; }

    public FleetNode Node { get; }

    public FaultyLink Link { get; }

    public StompConnection Server { get; }

    public Session Session => Server.Session;

    public Dictionary<string, FleetSubscription> Subscriptions { get; } = [];

    /// <summary>SENDs that wait for their RECEIPT.</summary>
    public Dictionary<string, FleetMessage> Receipts { get; } = [];

    /// <summary>What the client has yet to read.</summary>
    public Queue<ServerFrame> Inbox { get; } = new();

    /// <summary>The client has let go of it.</summary>
    public bool IsLeft { get; set; }

    /// <summary>The server's reader has come to its end.</summary>
    public bool IsFinished { get; private set; }

    public bool HasOutput => _out.Count > 0;

    /// <summary>Both ends can still use it.</summary>
    public bool IsUsable => !IsLeft && !IsFinished && !Node.IsOver;

    /// <summary>Messages that entered by it.</summary>
    public int Sent { get; set; }

    /// <summary>Everything encoded for it so far.</summary>
    private long Position => Link.Taken + Session.Outbox.WireBytes;

    /// <summary>Writes a STOMP frame without its NUL; <paramref name="then"/> gets the position when it is processed.</summary>
    public void Write(string frame, Action<long>? then = null) =>
        _out.Enqueue((ClientBytes.Frame(1, Encoding.UTF8.GetBytes(frame + '\0')), then is null ? null : () => then(Position)));

    public void WriteRaw(byte[] bytes) => _out.Enqueue((bytes, null));

    /// <summary>The server reads so many frames in one go.</summary>
    public void Deliver(int count)
    {
        var batch = new List<(byte[] Bytes, Action? Then)>();
        while (batch.Count < count && _out.TryDequeue(out var frame))
        {
            batch.Add(frame);
        }

        Node.Run(() =>
        {
            foreach (var (bytes, then) in batch)
            {
                if (IsFinished)
                {
                    break;
                }

                Server.Receive(bytes);
                then?.Invoke();
            }

            if (!IsFinished)
            {
                Server.EndRead();
            }

            FanoutBatch.Current.Complete(Node.Node);
            if (Server.IsInputOver && Session.IsFinished)
            {
                Finish();
            }
        });
    }

    public void DeliverAll() => Deliver(_out.Count);

    /// <summary>The client takes so many bytes more.</summary>
    public void Take(int room) => Node.Run(() => Link.Unblock(room));

    /// <summary>The client's end is gone, whether it wanted that or not.</summary>
    public void Leave()
    {
        IsLeft = true;
        Link.IsGone = true;
        Inbox.Clear();
        if (ReferenceEquals(Client.Connection, this))
        {
            Client.Connection = null;
        }
    }

    /// <summary>The server sees the end of the connection.</summary>
    public void EndAtServer() => Node.Run(() =>
    {
        if (Link.IsWaiting && !Link.HoldsBytes)
        {
            Link.Forget();
        }

        Link.ReportEnd();
        Finish();
    });

    public override string ToString() => Name;

    private void Finish()
    {
        if (IsFinished)
        {
            return;
        }

        IsFinished = true;
        Link.IsGone = true;
        SessionCloser.End(Session, CloseReason.PeerGone);
        Server.Release();
    }
}
