using FastPush.Relay.Clocks;

namespace FastPush.Simulation.Fleet;

/// <summary>The steps of a run: what clients, servers, Redis and the network may do, each with its weight.</summary>
internal sealed class FleetActions
{
    private const int NodesMax = 3;
    private const int IdsMax = 5;

    private static readonly string[] s_commands =
    [
        "DECRBY", "DEL", "HDEL", "HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET", "HSET", "HSTRLEN", "INCRBY", "LINDEX", "LINSERT", "LPOS",
        "LPUSH", "LRANGE", "LREM", "PEXPIRE", "RPUSH", "SET", "ZADD", "ZCARD", "ZRANGEBYLEX", "ZSCORE",
    ];

    private readonly FleetWorld _world;
    private readonly (int Weight, Action Do)[] _choices;
    private readonly int _weights;

    public FleetActions(FleetWorld world)
    {
        _world = world;
        _choices =
        [
            (220, Publish),
            (300, Deliver),
            (200, Read),
            (60, Take),
            (20, Stall),
            (70, Connect),
            (20, Subscribe),
            (10, Unsubscribe),
            (15, Disconnect),
            (15, Reset),
            (40, Notice),
            (30, AckOpen),
            (120, Wait),
            (8, WaitLong),
            (12, Change),
            (4, BreakStore),
            (5, BreakRelay),
            (3, StopRedis),
            (3, KillSoon),
            (10, Start),
            (3, Pause),
            (1, Drain),
            (3, SetClock),
            (1, SetRedisClock),
            (3, RefuseCommand),
            (3, FillMemory),
            (3, () => _world.Redis.Save()),
        ];
        _weights = _choices.Sum(c => c.Weight);
    }

    private Random Random => _world.Random;

    public void Next()
    {
        var draw = Random.Next(_weights);
        foreach (var (weight, act) in _choices)
        {
            if ((draw -= weight) < 0)
            {
                act();
                break;
            }
        }

        _world.Advance(Random.Next(1, 12));
    }

    // Others fill a server's memory, or what they had is free again.
    private void FillMemory()
    {
        if (Pick(_world.Nodes) is { } node)
        {
            _world.Reach("memory full");
            node.FillMemory(isFull: Random.Next(3) == 0);
        }
    }

    private T? Pick<T>(List<T> from)
        where T : class => from.Count == 0 ? null : from[Random.Next(from.Count)];

    private FleetClient? PickClient(Predicate<FleetClient> where) => Pick(_world.Clients.FindAll(where));

    private void Publish()
    {
        if (PickClient(c => c is { IsPublisher: true, Connection.IsUsable: true }) is not { } client)
        {
            return;
        }

        for (var i = Random.Next(4) == 0 ? Random.Next(1, 6) : 1; i > 0; i--)
        {
            if (Random.Next(6) == 0)
            {
                client.Publish(null, "/topic/t", "/topic/t");
                continue;
            }

            var user = Pick(_world.Clients.FindAll(c => !c.IsPublisher))!.User;
            var queue = Random.Next(4) == 0 ? "q1" : "q0";
            client.Publish(user, $"/user/{user}/queue/{queue}", $"/user/queue/{queue}");
        }

        client.Connection!.Deliver(Random.Next(1, 8));
    }

    private void Deliver() => Pick(_world.Connections.FindAll(c => c.HasOutput && c.IsUsable))?.Deliver(Random.Next(1, 4));

    private void Read()
    {
        var client = PickClient(c => c.Connection is { Inbox.Count: > 0 });
        for (var i = Random.Next(1, 8); i > 0 && client?.Connection is { Inbox.Count: > 0 }; i--)
        {
            client.Read();
        }
    }

    private void Take() =>
        Pick(_world.Connections.FindAll(c => c.IsUsable && (c.Link.IsWaiting || c.Link.Room != int.MaxValue)))
            ?.Take(Random.Next(2) == 0 ? int.MaxValue : Random.Next(1, 1000));

    private void Stall() => Pick(_world.Connections.FindAll(c => c.IsUsable))?.Link.Room = Random.Next(600);

    private void Connect()
    {
        var client = PickClient(c => c.Connection is null);
        if (client is null || Pick(_world.Nodes.FindAll(n => n.IsServing)) is not { } node)
        {
            return;
        }

        client.Connect(node);
        if (!client.IsPublisher)
        {
            client.Subscribe("/user/queue/q0");
            Subscribe(client);
        }

        if (Random.Next(2) == 0)
        {
            client.Connection!.DeliverAll();
        }
    }

    private void Subscribe()
    {
        if (PickClient(c => c is { IsPublisher: false, Connection.IsUsable: true }) is { } client)
        {
            Subscribe(client);
        }
    }

    private void Subscribe(FleetClient client) => client.Subscribe(Random.Next(3) switch
    {
        0 => "/user/queue/q0",
        1 => "/user/queue/q1",
        _ => "/topic/t",
    });

    private void Unsubscribe()
    {
        if (PickClient(c => c is { IsPublisher: false, Connection.IsUsable: true }) is { } client
            && Pick(client.Connection!.Subscriptions.Values.Where(s => !s.IsEnded).ToList()) is { } subscription)
        {
            client.Unsubscribe(subscription);
        }
    }

    private void Disconnect()
    {
        if (PickClient(c => c.Connection is { IsUsable: true })?.Connection is { } connection)
        {
            _world.Journal.Note($"{connection} disconnects");
            connection.Write("DISCONNECT\nreceipt:bye\n\n");
            connection.DeliverAll();
        }
    }

    private void Reset()
    {
        if (PickClient(c => c.Connection is { IsUsable: true })?.Connection is { } connection)
        {
            _world.Journal.Note($"{connection} is reset");
            connection.Leave();
        }
    }

    private void Notice()
    {
        var over = _world.Connections.FindAll(FleetEnding.IsToEnd);
        if (Pick(over) is { } connection)
        {
            FleetEnding.End(connection);
        }
    }

    private void AckOpen() => PickClient(c => c is { IsPublisher: false, Connection.IsUsable: true })?.AckOpen();

    private void Wait() => _world.Advance(Random.Next(1, 300));

    private void WaitLong() => _world.Advance(Random.Next(300, 9_000));

    private void Change()
    {
        if (Random.Next(2) == 0)
        {
            _world.Faults.Heal();
        }
        else
        {
            _world.Faults.Change();
        }

        _world.Journal.Note($"faults: {_world.Faults}");
    }

    private void SetClock()
    {
        if (Pick(_world.Nodes) is { } node)
        {
            // Minutes to days, forth or back, or right again.
            node.Time.WallOffMs = Random.Next(3) == 0 ? 0 : (Random.Next(2) * 2 - 1) * (60_000L << Random.Next(14));
            _world.Journal.Note($"{node}'s clock is set to {node.Time.WallOffMs} ms off");
            _world.Reach("clocks apart");
        }
    }

    private void SetRedisClock()
    {
        if (_world.RedisOffMs == 0)
        {
            _world.RedisOffMs = (Random.Next(2) * 2 - 1) * (1_500L << Random.Next(18));
            _world.Journal.Note($"Redis' clock is set to {_world.RedisOffMs} ms off");
            _world.Reach("Redis' clock set");
            _world.After(Random.Next(100, SteadyClock.SettleMs - 3_000), () => _world.RedisOffMs = 0);
        }
    }

    private void RefuseCommand()
    {
        if (_world.RefusedCommand is null)
        {
            _world.RefusedCommand = s_commands[Random.Next(s_commands.Length)];
            _world.Journal.Note($"Redis refuses {_world.RefusedCommand}");
            _world.After(Random.Next(100, 5_000), () => _world.RefusedCommand = null);
        }
    }

    private void BreakStore()
    {
        if (Pick(_world.Nodes) is { } node)
        {
            _world.Journal.Note($"{node} loses its connection to Redis");
            node.Store.Break();
        }
    }

    private void BreakRelay()
    {
        if (Pick(_world.Nodes.FindAll(n => n.Relay.IsUp)) is { } node)
        {
            _world.Journal.Note($"{node} loses its relay");
            node.Relay.Break(Random.Next(100, 3_000));
        }
    }

    private void StopRedis()
    {
        if (_world.IsRedisUp)
        {
            _world.Reach("Redis down");
            var kind = Random.Next(4);
            _world.StopRedis(losesData: kind == 0, isRestored: kind == 1);
            _world.After(Random.Next(10, Random.Next(3) == 0 ? 9_000 : 1_500), _world.StartRedis);
        }
    }

    private void KillSoon()
    {
        if (Pick(_world.Nodes) is { } node)
        {
            _world.Reach("killed");
            node.KillAfter(Random.Next(1, 40));
        }
    }

    private void Start()
    {
        if (_world.Nodes.Count < NodesMax)
        {
            var free = Enumerable.Range(1, IdsMax).Where(id => !_world.Nodes.Exists(n => n.ServerId == id)).ToArray();
            _world.StartNode(free[Random.Next(free.Length)]);
        }
    }

    private void Pause()
    {
        if (Pick(_world.Nodes.FindAll(n => !n.IsPaused)) is { } node)
        {
            _world.Reach("paused");
            node.Pause();
            _world.After(Random.Next(10, Random.Next(2) == 0 ? 15_000 : 3_000), node.Resume);
        }
    }

    private void Drain()
    {
        if (_world.Nodes.Count > 1 && Pick(_world.Nodes.FindAll(n => n.IsServing)) is { } node)
        {
            _world.Reach("drained");
            node.Stop();
        }
    }
}
