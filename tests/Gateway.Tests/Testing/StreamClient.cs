using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Sse;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>One event, as a parser sees it.</summary>
internal sealed record StreamEvent(string? Id, string Type, string Data);

/// <summary>The reader of an event stream at the end of a <see cref="MemoryLink"/>.</summary>
internal sealed class StreamClient : IDisposable
{
    private readonly StringBuilder _text = new();

    public StreamClient(TestNode host, string user, string? lastEventId, params string[] destinations)
    {
        Session = new Session(host.Node, Link, WireFormat.ServerSentEvents, host.Node.NextSessionId());
        host.Node.Sessions.Add(Session);
        Session.Open(host.Principal(user));
        Session.Cork();
        EventPosition? position = null;
        Assert.True(lastEventId is null || EventPosition.TryParse(lastEventId, out position));
        LastEventId = lastEventId;
        var keys = destinations.Select(d => d.Replace("/user/", $"/user/{user}/", StringComparison.Ordinal));
        Assert.Empty(EventStream.Subscribe(Session, [.. keys.Select(Encoding.UTF8.GetBytes)], position));
        Session.Uncork();
    }

    public MemoryLink Link { get; } = new();

    public Session Session { get; }

    /// <summary>What the client would resume with.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>The events that came since the last look.</summary>
    public List<StreamEvent> Take()
    {
        _text.Append(Encoding.UTF8.GetString(Link.TakeBytes()));
        var blocks = _text.ToString().Split("\n\n");
        _text.Clear().Append(blocks[^1]);
        return [.. blocks[..^1].Select(Read)];
    }

    public string[] TakeData() => [.. Take().Select(e => e.Data)];

    public void Dispose() => SessionCloser.End(Session, CloseReason.PeerGone);

    private StreamEvent Read(string block)
    {
        var fields = block.Split('\n').Select(line => line.Split(": ", 2)).ToLookup(field => field[0], field => field[1]);
        LastEventId = fields["id"].SingleOrDefault() ?? LastEventId;
        var type = fields["event"].SingleOrDefault() ?? "message";
        return new StreamEvent(fields["id"].SingleOrDefault(), type, string.Join('\n', fields["data"]));
    }
}
