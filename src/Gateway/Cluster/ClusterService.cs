using FastPush.Gateway.Limits;
using FastPush.Gateway.Options;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Relay.Clocks;
using FastPush.Relay.Dedup;
using FastPush.Relay.Limits;
using FastPush.Relay.Links;
using FastPush.Relay.Membership;
using FastPush.Relay.Presence;
using FastPush.Relay.Redis;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Makes this server one of the fleet, in order: Redis answers, a server id is leased, the living are known, the relay listens; and takes
/// it out again after the drain. Until the id is there, clients are sent elsewhere.
/// </summary>
internal sealed class ClusterService(
    Node node, RedisStore store, GatewayOptions options, SteadyClock time, ILoggerFactory logs, IHostApplicationLifetime lifetime)
    : IHostedService, IDisposable
{
    // For what still has to be written when the node stops.
    private static readonly TimeSpan s_lastWrites = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _log = logs.CreateLogger("FastPush.Cluster");
    private Task _starting = Task.CompletedTask;
    private Parts? _parts;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        node.FaultOf = Fault;
        node.Store = store;
        store.Start();
        _starting = JoinAsync();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _starting;
        if (_parts is not { } parts)
        {
            return;
        }

        await parts.Takeover.StopAsync();
        await (parts.Rates?.StopAsync() ?? Task.CompletedTask);
        await parts.Cluster.Repair.StopAsync();
        await parts.Cluster.Users.StopAsync();
        await parts.Presence.StopAsync();
        await parts.Queues.StopAsync(s_lastWrites);
        await parts.Topics.DisposeAsync();
        await parts.Link.DisposeAsync();
        await parts.Members.StopAsync();
        await parts.Lease.ReleaseAsync();
        await store.DisposeAsync();
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _parts?.Takeover.Dispose();
        _parts?.Cluster.Repair.Dispose();
        _parts?.Queues.Dispose();
    }

    private string? Fault()
    {
        if (!store.IsUp)
        {
            return store.Reason;
        }

        if (_parts is not { } parts)
        {
            return "this node waits for a server id";
        }

        return !parts.Lease.IsValid ? "this node's server id is not certain"
            : !parts.Members.KnowsTheLiving ? "Redis does not answer this node's heart-beats"
            : time.Fault is { } apart ? apart
            : parts.Link.IsUp ? null : "the relay is not connected";
    }

    private async Task JoinAsync()
    {
        await Task.Yield();
        try
        {
            var cluster = options.Cluster;
            var lease = new ServerLease(
                store,
                options.ServerId,
                new LeaseOptions { LeaseMs = cluster.LeaseSeconds * 1000, FreshWaitMs = cluster.FreshWaitMs },
                time,
                _log);
            var (serverId, epoch) = await lease.AcquireAsync(_stopping.Token);
            ClusterLog.ServerId(_log, serverId);
            await BuildAsync(lease, serverId, epoch);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // It stops before it has begun.
            ClusterLog.NeverJoined(_log);
        }
        catch (Exception e)
        {
            ClusterLog.NoServerId(_log, e);
            lifetime.StopApplication();
        }
    }

    private async Task BuildAsync(ServerLease lease, int serverId, long epoch)
    {
        var cluster = options.Cluster;
        var members = new Membership(
            store,
            serverId,
            epoch,
            new MembershipOptions { HeartBeatMs = cluster.HeartBeatMs, DeadAfterMs = cluster.DeadAfterMs },
            time,
            _log);
        var history = options.History;
        var queues = new RedisUserQueues(
            store, members, serverId, node.Pool, new UserQueueOptions(options.Offline, history.Messages, history.AgeSeconds), time, _log);
        var topics = new RedisTopicStore(
            store,
            members,
            serverId,
            node.Pool,
            new TopicStoreOptions(
                history.Messages,
                history.AgeSeconds,
                cluster.HistoryWriteBehindMs,
                cluster.HistoryWriteBehindMaxMs,
                cluster.RelayQueueBytes),
            time,
            _log);
        var presence = new RedisPresence(store, members, serverId, new PresenceOptions(), time, _log);
        var keys = new FleetKeys(node, new DedupStore(store, new DedupOptions()));
        var fleet = new ClusterNode(node, serverId, queues, topics, keys, members.IsAlive, () => lease.IsValid && time.IsTrusted);
        var link = new RedisRelay(RelayOptionsOf(serverId), fleet, time, _log);
        fleet.Relay = link;
        var takeover = new Takeover(node, queues);
        queues.Overflowed += fleet.Overflowed;
        queues.Expired += node.Outcomes.Expired;
        queues.Waiting += fleet.TellWaiting;
        members.ServerGone += (gone, _, hasLeft) => OnServerGone(gone, hasLeft, fleet, takeover);
        members.Returned += presence.RegisterAll;
        members.Changed += fleet.Repair.Request;
        store.Up += fleet.Repair.Request;
        store.Up += takeover.Request; // With an old copy of its data comes back what was given up.
        lease.Lost += () => OnLeaseLost(serverId);
        var rates = options.Limits.RateScope == "fleet" ? new FleetRates(node, new RateLimitStore(store)) : null;
        _parts = new Parts(lease, members, queues, topics, presence, link, fleet, takeover, rates);
        await members.StartAsync(_stopping.Token);
        fleet.Users.Start();
        fleet.Repair.Start();
        takeover.Start();
        rates?.Start();
        node.Users.Fleet = rates;
        link.Start();
        node.Join(fleet, presence);
    }

    private RelayOptions RelayOptionsOf(int serverId) => new()
    {
        Address = RedisAddress.Parse(options.Redis),
        ServerId = serverId,
        Shards = options.Cluster.RelayShards,
        QueueBytesMax = options.Cluster.RelayQueueBytes,
    };

    private void OnServerGone(int serverId, bool hasLeft, ClusterNode fleet, Takeover takeover)
    {
        if (hasLeft)
        {
            ClusterLog.ServerLeft(_log, serverId);
        }
        else
        {
            ClusterLog.ServerDied(_log, serverId);
        }

        fleet.Repair.Request();
        takeover.Request(); // Who left may not have had the time to give everything back.
    }

    // Its ids and channels are another process's now: it must not go on, and who starts it again gets it a new id.
    private void OnLeaseLost(int serverId)
    {
        ClusterLog.LeaseLost(_log, serverId);
        lifetime.StopApplication();
    }

    private sealed record Parts(
        ServerLease Lease,
        Membership Members,
        RedisUserQueues Queues,
        RedisTopicStore Topics,
        RedisPresence Presence,
        RedisRelay Link,
        ClusterNode Cluster,
        Takeover Takeover,
        FleetRates? Rates);
}
