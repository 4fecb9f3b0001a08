namespace FastPush.Relay.Links;

/// <summary>All lanes, made as servers are first published to, and the memory that they share.</summary>
internal sealed class RelayLanes(RelayOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>Ids have 10 bits, as in a Snowflake.</summary>
    public const int ServersMax = 1024;

    private readonly Lock _gate = new();
    private readonly RelayLane?[] _lanes = new RelayLane?[ServersMax * options.Shards];
    private readonly ByteBudget?[] _servers = new ByteBudget?[ServersMax];
    private readonly ByteBudget _total = new(options.TotalBytesMax);
    private volatile bool _isOne;
    private TaskCompletionSource? _empty;
    private Action<RelayLane, List<RelayBatch>> _place = (lane, dropped) => lane.Drop(dropped);

    public RelayBatchPool Pool { get; } = new(options.BatchBytesMax);

    public int BatchBytesMax { get; } = options.BatchBytesMax;

    /// <summary>Memory of all batches without an outcome.</summary>
    public long UsedBytes => _total.Used;

    /// <summary>
    /// All lanes go to one Redis that is no cluster. Then only the first lane of each server is used: the others would have the same
    /// connection, and only make its batches smaller. May change while nothing connects, since order is kept in a lane.
    /// </summary>
    public bool IsOne
    {
        get => _isOne;
        set => _isOne = value;
    }

    public RelayLane Get(int serverId, uint hash)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(serverId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(serverId, ServersMax);
        var shard = _isOne ? 0 : (int)(hash % (uint)options.Shards);
        return Volatile.Read(ref _lanes[serverId * options.Shards + shard]) ?? Create(serverId, shard);
    }

    /// <summary>
    /// Lets <paramref name="place"/> say for each lane who sends for it, now and when one is made. It reads where things are without
    /// a lock; <see cref="PlaceAll"/> asks it again when that has changed.
    /// </summary>
    /// <returns>Batches that nobody sends any more, for the caller to give back.</returns>
    public List<RelayBatch> PlaceBy(Action<RelayLane, List<RelayBatch>> place)
    {
        lock (_gate)
        {
            _place = place;
            return PlaceAll();
        }
    }

    public List<RelayBatch> PlaceAll()
    {
        var dropped = new List<RelayBatch>();
        lock (_gate)
        {
            foreach (var lane in _lanes)
            {
                if (lane is not null)
                {
                    _place(lane, dropped);
                }
            }
        }

        return dropped;
    }

    public bool TryReserve(int bytes) => _total.TryReserve(bytes);

    public void Settle(RelayBatch batch)
    {
        var left = _total.Release(batch.Size);
        Pool.Return(batch);
        if (left == 0)
        {
            Volatile.Read(ref _empty)?.TrySetResult();
        }
    }

    /// <summary>Completes once every batch has its outcome; nothing may be published meanwhile.</summary>
    public Task WhenEmpty()
    {
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _empty, empty);
        // A full fence: Settle, on another thread, must see the source, or this must see that nothing is left.
        Interlocked.MemoryBarrier();
        if (_total.Used == 0)
        {
            empty.TrySetResult();
        }

        return empty.Task;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var lane in _lanes)
            {
                lane?.Dispose();
            }
        }

        Pool.End();
    }

    private RelayLane Create(int serverId, int shard)
    {
        lock (_gate)
        {
            ref var place = ref _lanes[serverId * options.Shards + shard];
            if (place is null)
            {
                var budget = _servers[serverId] ??= new ByteBudget(options.QueueBytesMax);
                var lane = new RelayLane(this, budget, serverId, shard, options.HoldMax, clock);
                _place(lane, []);
                Volatile.Write(ref place, lane);
            }

            return place;
        }
    }
}
