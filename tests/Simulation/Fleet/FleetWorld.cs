using System.Globalization;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Options;
using FastPush.Relay.Offline;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// Several servers with their clients, one Redis and the network between them, on one thread, on time that stands still between steps,
/// with every choice drawn from one seed.
/// </summary>
internal sealed class FleetWorld : IDisposable
{
    private const int StartMs = 10_000;

    private readonly PriorityQueue<Action, (long Due, long Number)> _events = new();
    private readonly FleetWire _wire;
    private readonly Acl _acl;
    private readonly List<FleetNode> _ended = [];
    private readonly Dictionary<long, List<FleetNode>> _forgotten = [];
    private readonly HashSet<long> _stored = [];
    private readonly HashSet<long> _restored = [];

    // Users with a script that was cut off: until all is repeated a message may be in two places.
    private readonly HashSet<string> _torn = [];
    private long _eventNumber;
    private string? _violation;

    public FleetWorld(int seed)
    {
        Random = new Random(seed);
        Faults = new Faults(Random);
        Redis = new RedisModel(() => NowMs + RedisOffMs, Allow);
        _wire = new FleetWire(this);
        Options = new GatewayOptions
        {
            Limits = new LimitOptions { OutboxBytes = 16 << 10, MessageMemoryBytes = 16 << 20 },
            Ack = new AckOptions { TimeoutMs = Random.Next(2) == 0 ? 3_000 : 10_000, Retries = 200 },
            Drain = new DrainOptions { TimeoutMs = 8_000, ReadinessMs = 500, SpreadMs = 1_000 },
            Offline = new OfflineOptions { Messages = 100_000, TtlSeconds = 7 * 24 * 3600 },
            History = new HistoryOptions { Messages = Random.Next(2) * 20, AgeSeconds = 60 },
        };
        Assert.True(Acl.TryParse("""{"subscribe":["/topic/*"],"publish":["/topic/*","/user/*"]}"""u8, out _acl));
        Populate();
    }

    public Random Random { get; }

    public Journal Journal { get; } = new(kept: 400);

    public GatewayOptions Options { get; }

    public Faults Faults { get; }

    public RedisModel Redis { get; }

    public bool IsRedisUp { get; private set; } = true;

    /// <summary>Redis' user has no right to this command; null = it may do all.</summary>
    public string? RefusedCommand { get; set; }

    /// <summary>How far Redis' clock is ahead, in ms.</summary>
    public long RedisOffMs { get; set; }

    /// <summary>The lives of servers that are not over.</summary>
    public List<FleetNode> Nodes { get; } = [];

    public List<FleetClient> Clients { get; } = [];

    public List<FleetConnection> Connections { get; } = [];

    public Dictionary<string, FleetMessage> Messages { get; } = [];

    /// <summary>Unix ms and every process's monotonic clock.</summary>
    public long NowMs { get; private set; } = 1_800_000_000_000;

    /// <summary>What runs have reached, for a test that they reach it.</summary>
    public Dictionary<string, int> Reached { get; } = [];

    public Principal Principal(string user) => new(user, long.MaxValue / 2, _acl, new RateClaim(100, 0), []);

    /// <summary>Notes a broken invariant; the run ends after the step.</summary>
    public void Fail(string what) => _violation ??= what;

    public void Reach(string what) => Reached[what] = Reached.GetValueOrDefault(what) + 1;

    public void At(long due, Action happens) => _events.Enqueue(happens, (due, _eventNumber++));

    public void After(int ms, Action happens) => At(NowMs + ms, happens);

    public FleetMessage? Find(ServerFrame frame) => Messages.GetValueOrDefault(frame.Body.Split('|', 2)[0]);

    /// <summary>No other program reads this user's queues.</summary>
    public bool IsOnly(FleetClient client) => Clients.Count(c => !c.IsPublisher && c.User == client.User) == 1;

    public void Run(int steps)
    {
        Advance(StartMs);
        var actions = new FleetActions(this);
        for (var step = 0; step < steps; step++)
        {
            actions.Next();
            Check();
        }

        new FleetEnding(this).Run();
    }

    public FleetNode StartNode(int serverId)
    {
        var node = new FleetNode(this, serverId, NowMs);
        Nodes.Add(node);
        Journal.Note($"{node} starts");
        node.Start();
        return node;
    }

    /// <summary>Redis goes away: for every process the connections break.</summary>
    public void StopRedis(bool losesData, bool isRestored = false)
    {
        Journal.Note($"Redis goes away, loses its data {losesData}, is restored {isRestored}");
        IsRedisUp = false;
        Redis.Restart();
        foreach (var node in Nodes.ToList())
        {
            node.Store.Break();
            node.Relay.Break(Random.Next(1, 500));
        }

        if (isRestored)
        {
            Reach("restored");
            Forget();
            Redis.Restore();
            foreach (var id in Redis.Users.Values.SelectMany(model => model.Entries.Keys).Where(key => key[0] != 'a'))
            {
                _restored.Add(long.Parse(id, CultureInfo.InvariantCulture));
            }
        }
        else if (losesData)
        {
            Reach("data lost");
            Forget();
            Redis.Lose();
        }
    }

    public void StartRedis()
    {
        Journal.Note("Redis is back");
        IsRedisUp = true;
    }

    /// <summary>A script, as Redis does it.</summary>
    public RedisResult Eval(FleetNode node, string script, RedisKey[] keys, RedisValue[] values)
    {
        var result = Try(node, script, keys, values);
        if (script is UserScripts.Accept or UserScripts.Release)
        {
            var id = long.Parse(RedisModel.Text(values[script == UserScripts.Accept ? 0 : 1]), CultureInfo.InvariantCulture);
            _stored.Add(id);
        }

        if (Scripts.NameOf(script) is { } name)
        {
            Journal.Note($"Redis for {node}: {name} {keys[0]} {Scripts.Show(values)} -> {Scripts.Show(result)}");
            foreach (var (user, model) in Redis.Users)
            {
                if (!_torn.Contains(user))
                {
                    Scripts.Check(user, model, Fail);
                }
            }
        }

        return result;
    }

    private RedisResult Try(FleetNode node, string script, RedisKey[] keys, RedisValue[] values)
    {
        try
        {
            return Redis.Eval(script, keys, values);
        }
        catch (StoreUnavailableException e)
        {
            Reach("script cut off");
            Journal.Note($"Redis for {node}: {Scripts.NameOf(script)} {keys[0]} {Scripts.Show(values)} -> {e.Message}");
            _torn.UnionWith(Redis.Users.Keys);
            throw;
        }
    }

    private void Allow(string command)
    {
        if (command == RefusedCommand)
        {
            throw new StoreUnavailableException($"no right to {command}");
        }
    }

    /// <summary>Whether it may be lost: Redis forgot it while nobody had it in memory, or never had it, and who had it is gone.</summary>
    public bool MayBeLost(FleetMessage message) =>
        _forgotten.TryGetValue(message.Id, out var holders)
            ? holders.Count == 0 || holders.Exists(n => n.IsOver)
            : !_stored.Contains(message.Id) && message.Publisher.Node.IsOver;

    /// <summary>It came back with an old copy of Redis' data, though it may have been over.</summary>
    public bool IsRestored(FleetMessage message) => _restored.Contains(message.Id);

    public void Ended(FleetNode node)
    {
        Nodes.Remove(node);
        _ended.Add(node);
        foreach (var connection in Connections)
        {
            connection.Link.IsGone |= connection.Node == node;
        }
    }

    /// <summary>Lets time pass for all that do not stand still.</summary>
    public void Advance(int milliseconds)
    {
        var end = NowMs + milliseconds;
        while (NowMs < end)
        {
            NowMs = Math.Min(end, NowMs + Random.Next(1, 10));
            while (_events.TryPeek(out _, out var next) && next.Due <= NowMs)
            {
                _events.Dequeue()();
            }

            foreach (var node in Nodes.ToList())
            {
                node.Turn();
            }

            Check();
        }
    }

    /// <summary>Looks at everything; throws when something is wrong.</summary>
    public void Check()
    {
        foreach (var connection in Connections)
        {
            _wire.Look(connection);
        }

        foreach (var connection in Connections.FindAll(c => c.Node.IsOver && c.Inbox.Count == 0))
        {
            connection.Leave();
        }

        Connections.RemoveAll(c => (c.IsFinished || c.Node.IsOver) && c.Inbox.Count == 0 && !c.Link.IsWaiting);
        if (_violation is not null)
        {
            throw new SimulationException(_violation);
        }
    }

    public void Dispose()
    {
        Nodes.ForEach(n => n.Dispose());
        _ended.ForEach(n => n.Dispose());
    }

    private void Populate()
    {
        string[] users = ["ann", "ben", "cat"];
        foreach (var user in users)
        {
            for (var i = Random.Next(1, 3); i > 0; i--)
            {
                Clients.Add(new FleetClient(this, $"{user}{i}", user, isPublisher: false));
            }
        }

        for (var i = Random.Next(1, 4); i > 0; i--)
        {
            Clients.Add(new FleetClient(this, $"p{i}", $"publisher{i}", isPublisher: true));
        }

        for (var id = 1; id <= 3; id++)
        {
            StartNode(id);
        }
    }

    // Of what Redis loses, that stays which a session has in its memory.
    private void Forget()
    {
        var held = Nodes.ConvertAll(n => (Node: n, Ids: HeldBy(n)));
        foreach (var id in _stored)
        {
            _forgotten[id] = held.FindAll(h => h.Ids.Contains(id)).ConvertAll(h => h.Node);
        }
    }

    private static HashSet<long> HeldBy(FleetNode node)
    {
        var held = new HashSet<long>();
        foreach (var session in node.Node.Sessions.Slots)
        {
            foreach (var subscription in session?.Subscriptions.Items.ToArray() ?? [])
            {
                held.UnionWith(subscription.Backlog.Ids());
                var window = subscription.Window;
                for (var sequence = window?.First ?? 0; window is not null && sequence < window.Next; sequence++)
                {
                    held.Add(window.IdAt(sequence));
                }
            }
        }

        return held;
    }
}
