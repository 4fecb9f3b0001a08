using FastPush.Relay.Links;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// One process's relay link: at most once, in order for each shard. What it published before a break may have arrived or not and counts as
/// undelivered; what others published to it is lost with the break, and they do not hear of it.
/// </summary>
internal sealed class FleetRelay(FleetWorld world, FleetNode node) : IRelay
{
    private const int Shards = 4;

    private readonly long[] _lastDelivery = new long[Shards];
    private readonly Dictionary<(int To, uint Shard), long> _lastPublish = [];
    private readonly List<Publish> _unanswered = [];
    private int _connection;

    public bool IsUp { get; private set; }

    public void Start()
    {
        IsUp = true;
        node.Cluster.OnUp();
    }

    public bool TryPublish(int serverId, uint hash, ReadOnlySpan<byte> message)
    {
        if (!IsUp || world.Faults.Happens(world.Faults.RelayFull))
        {
            return false;
        }

        var publish = new Publish(serverId, hash % Shards, message.ToArray());
        _unanswered.Add(publish);
        var connection = _connection;
        var due = Math.Max(_lastPublish.GetValueOrDefault((serverId, publish.Shard)), world.NowMs + world.Faults.Latency());
        _lastPublish[(serverId, publish.Shard)] = due;
        world.At(due, () =>
        {
            if (publish.IsLost)
            {
                return;
            }

            var target = world.Nodes.Find(n => n.ServerId == serverId && !n.IsOver && n.Relay.IsUp);
            target?.Relay.Arrive(publish);
            world.After(world.Faults.Latency(), () => Answered(publish, connection, target is not null));
        });
        return true;
    }

    /// <summary>The connection breaks, and comes back some time later.</summary>
    public void Break(int forMs)
    {
        if (!IsUp)
        {
            return;
        }

        IsUp = false;
        _connection++;
        var unknown = _unanswered.ToList();
        _unanswered.Clear();
        unknown.ForEach(p => p.IsLost = world.Random.Next(2) == 0);
        node.Run(() => node.Cluster.OnDown("broken"));
        unknown.ForEach(p => node.Run(() => node.Cluster.OnUndelivered(p.To, p.Message)));
        world.After(forMs, ConnectAgain);
    }

    private void ConnectAgain()
    {
        if (!world.IsRedisUp)
        {
            world.After(100, ConnectAgain);
            return;
        }

        // The processes' sockets are subscribed from here on; that it hears of that is another step.
        IsUp = true;
        node.Run(node.Cluster.OnUp);
    }

    private void Arrive(Publish publish)
    {
        var connection = _connection;
        ref var last = ref _lastDelivery[publish.Shard];
        last = Math.Max(last, world.NowMs + world.Faults.Latency());
        world.At(last, () =>
        {
            if (connection == _connection)
            {
                node.Run(() =>
                {
                    node.Cluster.OnMessage(publish.Message);
                    node.Cluster.OnBatchEnd();
                });
            }
        });
    }

    private void Answered(Publish publish, int connection, bool hadReceiver)
    {
        if (connection != _connection)
        {
            return;
        }

        _unanswered.Remove(publish);
        if (!hadReceiver)
        {
            node.Run(() => node.Cluster.OnUndelivered(publish.To, publish.Message));
        }
    }

    private sealed record Publish(int To, uint Shard, byte[] Message)
    {
        public bool IsLost { get; set; }
    }
}
