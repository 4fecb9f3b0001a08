using System.Net;
using FastPush.Relay.Redis;

namespace FastPush.Relay.Links;

/// <summary>
/// The relay over a Redis Cluster: a connection to every primary that has slots, over which this server's channels are subscribed and
/// others' are published to, each where its slot is. Follows slots that move: by MOVED, by the cluster ending a subscription, and by
/// looking at the map from time to time.
/// <para>The map is read without a lock, so that lanes can be placed under theirs; all else that changes is under <c>_gate</c>.</para>
/// </summary>
internal sealed class ClusterRelay : IRelayConnectionOwner
{
    // A batch that is sent on so often follows a cluster that does not agree with itself.
    private const int RedirectsMax = 5;

    private readonly Lock _gate = new();
    private readonly RelayParts _parts;
    private readonly ClusterChannel[] _channels;
    private readonly ClusterNode?[] _owners = new ClusterNode?[RedisSlot.Count];
    private readonly Dictionary<string, ClusterNode> _nodes = [];
    private readonly ClusterWatch _watch;
    private RelayConnection? _complained;
    private CancellationToken _stop;

    public ClusterRelay(RelayParts parts)
    {
        _parts = parts;
        _watch = new ClusterWatch(parts);
        _channels = [.. Enumerable.Range(0, parts.Options.Shards)
            .Select(shard => new ClusterChannel(RelayLane.ChannelName(parts.Options.ServerId, shard)))];
    }

    /// <summary>Runs until the link stops, or what the addresses lead to is no cluster any more.</summary>
    /// <param name="seed">A connection to any node, for the first look at the map; ended here.</param>
    /// <param name="stop">The link stops.</param>
    public async Task RunAsync(RelaySocket seed, CancellationToken stop)
    {
        _stop = stop;
        try
        {
            var map = await _watch.ReadFirstAsync(seed, stop);
            _parts.Lanes.IsOne = false;
            _parts.Lanes.PlaceBy(Place);
            while (map is not null)
            {
                await ApplyAsync(map);
                map = await _watch.NextAsync(Nodes, NeedsMap, stop);
            }
        }
        finally
        {
            await StopNodesAsync(Nodes());
            _parts.GiveBack(_parts.Lanes.PlaceBy((lane, dropped) => lane.Drop(dropped)));
        }
    }

    public void OnConnected() => Reconcile();

    public void OnUnreachable(ClusterNode node)
    {
        Reconcile();
        lock (_gate)
        {
            // Of several reasons always the same one, so that they do not take turns in the log.
            var first = Array.Find(_channels, channel => _owners[channel.Slot] is { Fault: not null });
            if (first is not null && _owners[first.Slot] == node)
            {
                _parts.State.Down(node.Fault ?? "");
            }
        }

        _watch.Ask();
    }

    public void OnLost(ClusterNode node, RelayConnection connection, RelayBatch[] unanswered)
    {
        lock (_gate)
        {
            foreach (var channel in _channels.Where(channel => channel.Connection == connection))
            {
                channel.Forget();
                _parts.State.Down(node.Fault ?? "");
            }
        }

        _parts.GiveBack(unanswered);
        Reconcile();
        _watch.Ask();
    }

    public void OnSubscribed(RelayConnection connection, string channel)
    {
        lock (_gate)
        {
            if (Find(connection, channel) is { } own)
            {
                own.IsConfirmed = true;
                if (Array.TrueForAll(_channels, other => other.IsConfirmed))
                {
                    _parts.State.Up(string.Join(", ", _channels.Select(other => other.Connection!.Name).Distinct()));
                }
            }
        }
    }

    public void OnSubscribeRefused(RelayConnection connection, string channel, string error)
    {
        lock (_gate)
        {
            if (Find(connection, channel) is not { } own)
            {
                return;
            }

            // Asked for again when the map was read again, not at once: two nodes may send each other's callers around for a while.
            own.Forget();
            if (!IsMoved(error))
            {
                _parts.State.Down($"{connection.Name} refuses the subscription of {channel}: {error}");
            }
        }

        _watch.Ask(connection);
    }

    public void OnUnsubscribed(RelayConnection connection, string channel)
    {
        lock (_gate)
        {
            if (Find(connection, channel) is not { } own)
            {
                return;
            }

            own.Forget();
            _parts.State.Down($"the slot of {channel} has left {connection.Name}");
        }

        _watch.Ask(connection);
    }

    public void OnPublishRefused(RelayConnection connection, RelayBatch batch, string error)
    {
        var lane = batch.Lane!;
        if (!IsMoved(error))
        {
            if (_complained != connection)
            {
                _complained = connection;
                LinkLog.PublishRefused(_parts.Log, lane.Channel, error);
            }

            _parts.GiveBack(batch);
            _watch.Ask(connection);
            return;
        }

        if (++batch.Redirects > RedirectsMax || !lane.TryTakeBack(batch))
        {
            _parts.GiveBack(batch);
        }

        if (ClusterMap.ReadMoved(error, connection.EndPoint) is { } owner)
        {
            lock (_gate)
            {
                _owners[lane.Slot] = NodeLocked(owner);
            }
        }

        Reconcile();
        _watch.Ask(connection);
    }

    public void OnUndelivered(RelayBatch batch) => _parts.GiveBack(batch);

    private static bool IsMoved(string error) => error.StartsWith("MOVED ", StringComparison.Ordinal);

    private ClusterNode[] Nodes()
    {
        lock (_gate)
        {
            return [.. _nodes.Values];
        }
    }

    /// <summary>Something is not where it should be, so the map should be read again soon.</summary>
    private bool NeedsMap()
    {
        lock (_gate)
        {
            return Array.Exists(_channels, channel => channel.Connection is null);
        }
    }

    private ClusterChannel? Find(RelayConnection connection, string channel) =>
        Array.Find(_channels, own => own.Name == channel && own.Connection == connection);

    private ClusterNode NodeLocked(EndPoint endPoint)
    {
        var name = RedisEndpoints.Print(endPoint);
        if (!_nodes.TryGetValue(name, out var node))
        {
            node = new ClusterNode(_parts, endPoint, this, _stop);
            _nodes.Add(name, node);
            node.Start();
        }

        return node;
    }

    private async Task ApplyAsync(ClusterMap map)
    {
        var gone = new List<ClusterNode>();
        lock (_gate)
        {
            var owners = new ClusterNode?[_owners.Length];
            foreach (var (first, last, endPoint) in map.Ranges)
            {
                owners.AsSpan(first, Math.Max(0, last - first + 1)).Fill(NodeLocked(endPoint));
            }

            owners.CopyTo(_owners, 0);
            foreach (var (name, node) in _nodes.ToArray())
            {
                var isGone = !owners.Contains(node);
                if (isGone && node.IsRetired)
                {
                    _nodes.Remove(name);
                    gone.Add(node);
                }

                node.IsRetired = isGone;
            }

            foreach (var channel in _channels.Where(channel => _owners[channel.Slot] is null))
            {
                _parts.State.Down($"slot {channel.Slot}, of {channel.Name}, has no server in the cluster");
            }
        }

        Reconcile();
        await StopNodesAsync(gone);
    }

    /// <summary>Brings subscriptions and lanes to where the map says, as far as there are connections.</summary>
    private void Reconcile()
    {
        lock (_gate)
        {
            foreach (var channel in _channels)
            {
                if (_owners[channel.Slot]?.Connection is not { } connection || channel.Connection == connection)
                {
                    continue;
                }

                if (channel.IsConfirmed)
                {
                    _parts.State.Down($"the slot of {channel.Name} has moved to {connection.Name}");
                }

                channel.Subscribe(connection);
            }
        }

        _parts.GiveBack(_parts.Lanes.PlaceAll());
    }

    private void Place(RelayLane lane, List<RelayBatch> dropped)
    {
        var owner = Volatile.Read(ref _owners[lane.Slot]);
        if (owner?.Connection is { } connection)
        {
            lane.MoveTo(connection);
        }
        else if (owner is { Fault: null })
        {
            // Being connected to for the first time, which succeeds or fails within the connect timeout.
            lane.Hold();
        }
        else
        {
            lane.Drop(dropped);
        }
    }

    private static async Task StopNodesAsync(IEnumerable<ClusterNode> nodes)
    {
        foreach (var node in nodes)
        {
            await node.StopAsync();
        }
    }
}
