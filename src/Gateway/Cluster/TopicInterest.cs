using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Cluster;

/// <summary>What this server knows of the others about one topic. The object is its own lock, a leaf.</summary>
internal sealed class TopicInterest
{
    /// <summary>Others with live subscribers; null = not known.</summary>
    public int[]? Servers { get; set; }

    /// <summary>What <see cref="Servers"/> is valid for; see <see cref="TopicRelay"/>.</summary>
    public int Generation { get; set; }

    /// <summary>The store is being asked who is interested.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Do not ask again before this reading of the monotonic clock, in ms.</summary>
    public long AskNotBeforeMs { get; set; }

    /// <summary>
    /// From this reading of the monotonic clock on, in ms, the store is told again that this server listens, or asked again who does.
    /// </summary>
    public long RenewAtMs { get; set; }

    /// <summary>Messages that wait for the answer, in order; each with a reference.</summary>
    public List<Payload>? Waiting { get; set; }

    /// <summary>Changes that came while the store was being asked: server, and whether it joined.</summary>
    public List<(int Server, bool Joined)>? Changes { get; set; }

    /// <summary>The store was told, or is being told, that this server has subscribers.</summary>
    public bool IsJoined { get; set; }

    /// <summary>
    /// Since when (Unix ms) all that is published comes here without a break, as far as is known; 0 = not known.
    /// </summary>
    public long SinceMs { get; set; }

    /// <summary>The last of the joins and leaves, which follow each other.</summary>
    public Task Chain { get; set; } = Task.CompletedTask;

    /// <summary>Its topic must stay: the store has yet to answer, or to be told that nobody listens or publishes here.</summary>
    public bool IsBusy => IsJoined || IsAsking || Servers is not null || !Chain.IsCompleted;

    /// <summary>Adds or removes a server.</summary>
    public void Change(int server, bool joined)
    {
        if (IsAsking)
        {
            (Changes ??= []).Add((server, joined));
        }

        if (Servers is { } known)
        {
            Servers = Changed(known, server, joined);
        }
    }

    /// <summary>The store's answer, with what changed since it was asked.</summary>
    public void Answer(int[] servers, int generation)
    {
        foreach (var (server, joined) in Changes ?? [])
        {
            servers = Changed(servers, server, joined);
        }

        Changes = null;
        IsAsking = false;
        Servers = servers;
        Generation = generation;
    }

    private static int[] Changed(int[] servers, int server, bool joined)
    {
        var has = Array.IndexOf(servers, server) >= 0;
        if (has == joined)
        {
            return servers;
        }

        return joined ? [.. servers, server] : [.. servers.Where(s => s != server)];
    }
}
