using FastPush.Gateway;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Clocks;
using FastPush.Relay.Dedup;
using FastPush.Relay.Membership;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;
using FastPush.Relay.Redis;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// One life of a server: the gateway's parts, put together as <see cref="ClusterService"/> does, and a process that can be killed between
/// any two steps, or stand still.
/// </summary>
internal sealed class FleetNode : IDisposable
{
    private const int DeadAfterMs = 5_000;

    private static readonly DevIssuer s_issuer = new(new ManualTimeProvider());

    private readonly FleetWorld _world;
    private readonly MemoryShare _others;
    private readonly NodeContext _context = new();
    private readonly Queue<Action> _inbox = new();
    private readonly Membership _members;
    private readonly Takeover _takeover;
    private readonly RedisTopicStore _topics;
    private readonly Ticker _ticker;
    private bool _isStopping;
    private int _stepsToLive = int.MaxValue;

    public FleetNode(FleetWorld world, int serverId, long epoch)
    {
        _world = world;
        ServerId = serverId;
        Name = $"n{serverId}@{epoch % 1_000_000}";
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context); // Loops begin in constructors.
        Time = new FleetTime(() => world.NowMs);
        Clock = new SteadyClock(Time, 1_000);
        var log = new ErrorLog(what =>
        {
            if (!_isStopping)
            {
                world.Fail($"{Name} logged: {what}");
            }
        });
        var options = world.Options;
        var tokens = new TokenVerifier(KeySource.Fixed(s_issuer.Keys), DevIssuer.Options(new JwtOptions()), Time);
        Node = new Node(
            options,
            Clock,
            tokens,
            new GatewayMetrics(new UnreadMeters()),
            new MemoryOfflineQueue(options.Offline),
            new MemoryPresence(100),
            log)
        {
            Topics = new TopicTable(seed: 1),
        };
        _others = new MemoryShare(Node.Memory, long.MaxValue);
        Store = new FleetStore(world, this);
        _members = new Membership(
            Store, serverId, epoch, new MembershipOptions { HeartBeatMs = 1_000, DeadAfterMs = DeadAfterMs }, Clock, log);
        var history = options.History;
        Queues = new RedisUserQueues(
            Store, _members, serverId, Node.Pool, new UserQueueOptions(options.Offline, history.Messages, history.AgeSeconds), Clock, log);
        var kept = new TopicStoreOptions(history.Messages, history.AgeSeconds, 50, 500, 1 << 20);
        _topics = new RedisTopicStore(Store, _members, serverId, Node.Pool, kept, Clock, log);
        var unused = new RedisStore("localhost", new RedisStoreOptions(), Time, NullLogger.Instance);
        var keys = new FleetKeys(Node, new DedupStore(unused, new DedupOptions()));
        Cluster = new ClusterNode(Node, serverId, Queues, _topics, keys, _members.IsAlive, () => Clock.IsTrusted);
        Relay = new FleetRelay(world, this);
        Cluster.Relay = Relay;
        Queues.Overflowed += Cluster.Overflowed;
        Queues.Expired += Node.Outcomes.Expired;
        Queues.Waiting += Cluster.TellWaiting;
        _takeover = new Takeover(Node, Queues);
        _members.ServerGone += (gone, token, _) =>
        {
            world.Journal.Note($"{Name} takes {token} for dead");
            Cluster.Repair.Request();
            _takeover.Request();
        };
        _members.Changed += Cluster.Repair.Request;
        Store.Up += Cluster.Repair.Request;
        Store.Up += _takeover.Request;
        _ticker = new Ticker(Node);
        SynchronizationContext.SetSynchronizationContext(outer);
    }

    /// <summary>Others have all of its memory, or none.</summary>
    public void FillMemory(bool isFull)
    {
        _others.GiveBack(_others.Bytes);
        if (isFull)
        {
            _others.Take(Math.Max(0, Node.Memory.BytesMax - Node.Memory.Bytes));
        }

        _world.Journal.Note($"{Name}: others have {_others.Bytes} bytes of its memory");
    }

    public string Name { get; }

    public int ServerId { get; }

    public string Token => _members.Self;

    public FleetTime Time { get; }

    public SteadyClock Clock { get; }

    public Node Node { get; }

    public FleetStore Store { get; }

    public FleetRelay Relay { get; }

    public ClusterNode Cluster { get; }

    public RedisUserQueues Queues { get; }

    /// <summary>It was killed or has ended.</summary>
    public bool IsOver { get; private set; }

    public bool IsPaused { get; private set; }

    /// <summary>For people.</summary>
    public string State => $"{_members.Missed} beats missed, {_members.Count} known, draining {Node.IsDraining}, paused {IsPaused}";

    /// <summary>It takes clients.</summary>
    public bool IsServing => !IsOver && Node.Cluster is not null && !Node.IsDraining;

    /// <summary>Begins its life: it serves when all others know it.</summary>
    public void Start() => Run(() => _ = TryAsync(JoinAsync));

    /// <summary>Something happens to the process. While it stands still that waits.</summary>
    public void Run(Action action)
    {
        if (IsPaused)
        {
            _inbox.Enqueue(action);
        }
        else if (!IsOver)
        {
            Step(action);
            Pump();
        }
    }

    /// <summary>Timers that are due, and what was left to do.</summary>
    public void Turn()
    {
        while (!IsPaused && !IsOver && Time.TakeDue() is { } due)
        {
            Run(due);
        }

        if (!IsPaused)
        {
            Pump();
        }
    }

    public void Pause()
    {
        _world.Journal.Note($"{Name} stands still");
        IsPaused = true;
    }

    public void Resume()
    {
        if (!IsPaused)
        {
            return;
        }

        _world.Journal.Note($"{Name} goes on, with {_inbox.Count} events");
        IsPaused = false;
        var timersFirst = _world.Random.Next(2) == 0;
        if (timersFirst)
        {
            Turn();
        }

        while (_inbox.TryDequeue(out var action))
        {
            Run(action);
        }

        Turn();
    }

    /// <summary>It is killed after so many more steps.</summary>
    public void KillAfter(int steps) => _stepsToLive = steps;

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (IsOver)
        {
            return;
        }

        _world.Journal.Note($"{Name} is killed");
        End();
    }

    /// <summary>SIGTERM: drains, writes what waits, and leaves.</summary>
    public void Stop()
    {
        _world.Journal.Note($"{Name} drains");
        Run(() => _ = TryAsync(StopAsync));
    }

    public void Dispose()
    {
        _ticker.Dispose();
        Cluster.Repair.Dispose();
        _takeover.Dispose();
        Queues.Dispose();
        Node.Metrics.Dispose();
    }

    public override string ToString() => Name;

    private async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e)
        {
            _world.Fail($"{Name}: {e}");
        }
    }

    private async Task JoinAsync()
    {
        await _members.StartAsync(CancellationToken.None);
        Cluster.Users.Start();
        Cluster.Repair.Start();
        _takeover.Start();
        Relay.Start();
        Node.Join(Cluster, new MemoryPresence(100));
        _world.Journal.Note($"{Name} serves");
    }

    private async Task StopAsync()
    {
        await new Drain(Node, new DrainHint(_world.Options.Drain, _world.Random)).StoppingAsync(CancellationToken.None);
        _world.Connections.FindAll(c => c.Node == this && !c.IsFinished).ForEach(c => c.EndAtServer());
        _isStopping = true;
        await _takeover.StopAsync();
        await Cluster.Repair.StopAsync();
        await Cluster.Users.StopAsync();
        await Queues.StopAsync(TimeSpan.FromSeconds(5));
        await _topics.DisposeAsync();
        await _members.StopAsync();
        _world.Journal.Note($"{Name} has ended");
        End();
    }

    private void End()
    {
        IsOver = true;
        IsPaused = false;
        _inbox.Clear();
        _context.Clear();
        Store.Die();
        _world.Ended(this);
    }

    private void Step(Action action)
    {
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }

        if (FanoutBatch.Current.Count > 0)
        {
            _world.Fail($"{Name} left {FanoutBatch.Current.Count} messages in the thread's batch");
        }

        if (--_stepsToLive <= 0)
        {
            Kill();
        }
    }

    private void Pump()
    {
        while (!_context.IsEmpty && !IsOver && _world.Random.Next(30) > 0)
        {
            Step(_context.TakeNext());
        }
    }
}
