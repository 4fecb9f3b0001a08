using System.Text;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Simulation;

/// <summary>One connection: the gateway's end of it, the link, and what is under way from the client.</summary>
internal sealed class SimConnection : IConnectionOwner
{
    private readonly World _world;
    private readonly ConnectionEntry _entry;
    private readonly List<byte> _out = [];
    private readonly Queue<Outgoing> _outgoing = new();
    private long _queued;
    private long _delivered;

    public SimConnection(World world, SimClient client, string version, int number)
    {
        _world = world;
        Client = client;
        Version = version;
        Name = $"{client.Name}.{number}";
        Link = new FaultyLink(world.Fail, () => world.Node.Clock.NowMs, world.Random.Next(2) == 0);
        _entry = world.Strangers.Enter();
        Link.Entry = _entry;
        if (world.IsEnding || world.Random.Next(2) == 0)
        {
            Link.TryProve(); // The upgrade brought the token; else CONNECT does.
        }

        _entry.Begin(this);
        Server = new StompConnection(world.Node, Link, world.Principal(client.User));
        world.Node.Sessions.Add(Session);
        LastInputMs = world.Node.Clock.NowMs;
    }

    public string Name { get; }

    public SimClient Client { get; }

    public string Version { get; }

    public FaultyLink Link { get; }

    public StompConnection Server { get; }

    public Session Session => Server.Session;

    /// <summary>The gateway may still have use for it.</summary>
    public bool IsOpen => Session.State < SessionState.Closing;

    /// <summary>The gateway's reader has ended.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>The client has let go of it, politely or not; the gateway's reader is yet to see it.</summary>
    public bool IsLeft { get; set; }

    /// <summary>What the gateway processed of it is not known frame by frame, since it closed in the middle of a read.</summary>
    public bool IsVague { get; set; }

    /// <summary>The end of its subscriptions was counted.</summary>
    public bool EndCounted { get; set; }

    public bool HasSentRubbish { get; set; }

    public bool HasConnected { get; set; }

    public string? Error { get; set; }

    public bool HasClosed { get; set; }

    /// <summary>A subscription began with history since the last look.</summary>
    public bool HasResumed { get; set; }

    /// <summary>Bytes of bounded backlogs at the last look, to see growth.</summary>
    public long LastBacklog { get; set; }

    public long LastInputMs { get; private set; }

    /// <summary>The client keeps the heart-beat it promised, in ms; 0 = none promised.</summary>
    public int BeatsEveryMs { get; set; }

    public bool IsMute { get; set; }

    public long LastBeatMs { get; set; }

    /// <summary>What the client has yet to read.</summary>
    public Queue<ServerFrame> Inbox { get; } = new();

    /// <summary>All subscriptions it ever had, by id.</summary>
    public Dictionary<string, SimSubscription> Subscriptions { get; } = [];

    /// <summary>What the gateway holds back in transactions.</summary>
    public Dictionary<string, List<Outgoing>> Held { get; } = [];

    /// <summary>SENDs that wait for their receipt.</summary>
    public Dictionary<string, Message> Receipts { get; } = [];

    public int OutBytes => _out.Count;

    /// <summary>Everything encoded for it so far.</summary>
    public long Position => Link.Taken + Session.Outbox.WireBytes;

    /// <summary>Writes a STOMP frame (without its NUL), in one of the ways in which it may travel.</summary>
    public void Write(Outgoing what, string frame)
    {
        var bytes = Encoding.UTF8.GetBytes(frame + '\0');
        var cut = _world.Random.Next(1, bytes.Length);
        switch (_world.Random.Next(12))
        {
            case 0: // In two fragments, a control frame between them.
                Add(ClientBytes.Frame(1, bytes.AsSpan(0, cut), fin: false));
                Add(ClientBytes.Frame(9, "ping"u8));
                Add(ClientBytes.Frame(0, bytes.AsSpan(cut)));
                break;
            case 1: // In two messages.
                Add(ClientBytes.Frame(2, bytes.AsSpan(0, cut)));
                Add(ClientBytes.Frame(2, bytes.AsSpan(cut)));
                break;
            case 2:
                Add(ClientBytes.Frame(2, bytes));
                break;
            default:
                Add(ClientBytes.Frame(1, bytes));
                break;
        }

        _outgoing.Enqueue(what with { End = _queued });
    }

    public void WriteRaw(byte[] bytes) => Add(bytes);

    /// <summary>The gateway reads the next bytes. The caller completes the batch.</summary>
    public void Deliver(int count)
    {
        var bytes = _out.GetRange(0, count).ToArray();
        _out.RemoveRange(0, count);
        _delivered += count;
        var done = new List<Outgoing>();
        while (_outgoing.TryPeek(out var next) && next.End <= _delivered)
        {
            done.Add(_outgoing.Dequeue());
        }

        var wasOpen = IsOpen;
        var before = _world.Model.Positions();
        LastInputMs = _world.Node.Clock.NowMs;
        Server.Receive(bytes);
        Server.EndRead();
        if (wasOpen)
        {
            _world.Model.Apply(this, done, before);
        }

        if (Server.IsInputOver && Session.IsFinished)
        {
            Finish();
        }
    }

    /// <summary>Its place goes to a newcomer.</summary>
    public void Evict()
    {
        _world.Journal.Note($"{this} is evicted");
        if (Session.State == SessionState.Open)
        {
            _world.Fail($"{this} is evicted though its user is known");
        }

        SessionCloser.Close(Session, CloseReason.Evicted, NodeFull.Evicted);
        IsLeft = true;
        Link.IsGone = true;
        Inbox.Clear();
        if (ReferenceEquals(Client.Connection, this))
        {
            Client.Connection = null;
        }
    }

    /// <summary>The gateway's reader comes to the end of its stream.</summary>
    public void Finish()
    {
        if (IsFinished)
        {
            return;
        }

        IsFinished = true;
        Link.IsGone = true;
        _entry.Leave();
        SessionCloser.End(Session, CloseReason.PeerGone);
        Server.Release();
        _out.Clear();
        _outgoing.Clear();
        if (ReferenceEquals(Client.Connection, this))
        {
            Client.Connection = null;
        }
    }

    public override string ToString() => Name;

    private void Add(byte[] bytes)
    {
        _out.AddRange(bytes);
        _queued += bytes.Length;
    }
}
