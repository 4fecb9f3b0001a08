using System.Globalization;
using System.Text;
using FastPush.Relay.Redis;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>
/// The way to one shard of one server: the batches that wait for a connection's writer. The last of them is open, and takes what is
/// published until the writer comes for it. A batch is sent at once when Redis has answered all before it, or when it is full; else it is
/// held, and grows. So there is no delay when the link is idle, and the busier it is, the more messages share a command.
/// <para>On a cluster the lane moves with its slot. It keeps its order: nothing is sent by the new connection before everything that
/// was sent by the old one has been answered, and what the old one refused goes first.</para>
/// <para>Lock order: lane, then connection.</para>
/// </summary>
internal sealed class RelayLane : IDisposable
{
    private readonly Lock _gate = new();
    private readonly RelayLanes _owner;
    private readonly ByteBudget _server;
    private readonly byte[] _publish;
    private readonly byte[] _shardPublish;
    private readonly RelayBatchList _waiting = new();
    private readonly RelayBatchList _refused = new();
    private readonly LaneHold _hold;

    /// <summary>What sends for the lane; null when nothing does.</summary>
    private RelayConnection? _connection;

    /// <summary>Where a moving lane goes; null as long as that is not known.</summary>
    private RelayConnection? _target;

    /// <summary>Nothing is sent, but what is published is kept.</summary>
    private bool _isMoving;
    private bool _isReady;
    private int _inFlight;

    public RelayLane(RelayLanes owner, ByteBudget server, int serverId, int shard, TimeSpan holdMax, TimeProvider clock)
    {
        _hold = new LaneHold(holdMax, clock, OnHeldLong);
        _owner = owner;
        _server = server;
        ServerId = serverId;
        Channel = ChannelName(serverId, shard);
        Slot = RedisSlot.Of(Encoding.UTF8.GetBytes(Channel));
        _publish = RespCommand.EncodeHead("PUBLISH", Channel);
        _shardPublish = RespCommand.EncodeHead("SPUBLISH", Channel);
    }

    public int ServerId { get; }

    public string Channel { get; }

    /// <summary>Of a cluster.</summary>
    public int Slot { get; }

    /// <summary>
    /// No braces: the whole name is hashed, so the shards of a server spread over the primaries of a cluster.
    /// </summary>
    public static string ChannelName(int serverId, int shard) =>
        string.Create(CultureInfo.InvariantCulture, $"push:relay:{serverId}:{shard}");

    /// <summary>The PUBLISH of a batch, up to its payload.</summary>
    public ReadOnlySpan<byte> PublishHead(bool sharded) => sharded ? _shardPublish : _publish;

    /// <summary>Copies a message to what waits. False when it would pass a bound, or nothing connects.</summary>
    public bool TryAppend(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            if ((_connection is null && !_isMoving) || !TryAdd(message))
            {
                return false;
            }

            if (!_isReady && !_isMoving)
            {
                if (_inFlight == 0 || _waiting.HasSeveral)
                {
                    ReadyLocked();
                }
                else
                {
                    _hold.Begin();
                }
            }

            return true;
        }
    }

    /// <summary>From now on this connection sends for the lane.</summary>
    public void MoveTo(RelayConnection connection)
    {
        lock (_gate)
        {
            if (_isMoving || _connection != connection)
            {
                MoveLocked(connection);
                TryArriveLocked();
            }
        }
    }

    /// <summary>Who sends for the lane will be known soon.</summary>
    public void Hold()
    {
        lock (_gate)
        {
            MoveLocked(null);
        }
    }

    /// <summary>Nobody sends for the lane; what waited is added to <paramref name="dropped"/>.</summary>
    public void Drop(List<RelayBatch> dropped)
    {
        lock (_gate)
        {
            _connection = null;
            _target = null;
            _isMoving = false;
            _isReady = false;
            _hold.End();
            _refused.TakeAll(dropped);
            _waiting.TakeAll(dropped);
        }
    }

    /// <summary>
    /// The batch that is sent next, or null. Whoever took the lane from the connection's list must put it back while
    /// <paramref name="more"/> waits.
    /// </summary>
    public RelayBatch? Take(RelayConnection connection, out bool more)
    {
        lock (_gate)
        {
            more = false;
            if (_connection != connection || _isMoving)
            {
                return null;
            }

            var batch = _waiting.TryTakeFirst();
            if (batch is not null)
            {
                batch.IsInFlight = true;
                _inFlight++;
            }

            _isReady = more = _waiting.HasSeveral;
            if (!more && !_waiting.IsEmpty)
            {
                _hold.Begin();
            }

            return batch;
        }
    }

    /// <summary>
    /// A cluster said that a batch belongs to another server. It goes there, before all that waits, once that is known; false when
    /// nobody sends for the lane any more, so that the batch is still the caller's.
    /// </summary>
    public bool TryTakeBack(RelayBatch batch)
    {
        lock (_gate)
        {
            if (_connection is null && !_isMoving)
            {
                return false;
            }

            batch.IsInFlight = false;
            _inFlight--;
            _refused.Add(batch);
            MoveLocked(_target);
            TryArriveLocked();
            return true;
        }
    }

    /// <summary>The batch has its outcome; its memory is free again.</summary>
    public void Settle(RelayBatch batch)
    {
        lock (_gate)
        {
            if (batch.IsInFlight)
            {
                batch.IsInFlight = false;
                _inFlight--;
                TryArriveLocked();
                if (_hold.IsOn && _inFlight == 0)
                {
                    ReadyLocked();
                }
            }
        }

        _server.Release(batch.Size);
        _owner.Settle(batch);
    }

    public void Dispose() => _hold.Dispose();

    private void OnHeldLong()
    {
        lock (_gate)
        {
            if (_hold.IsOver())
            {
                ReadyLocked();
            }
        }
    }

    private void ReadyLocked()
    {
        _hold.End();
        _isReady = true;
        _connection!.Ready(this);
    }

    private void MoveLocked(RelayConnection? target)
    {
        _hold.End();
        _isMoving = true;
        _target = target;
    }

    private void TryArriveLocked()
    {
        if (!_isMoving || _inFlight > 0 || _target is null)
        {
            return;
        }

        _connection = _target;
        _target = null;
        _isMoving = false;
        _waiting.AddFirst(_refused);
        _isReady = false;
        if (!_waiting.IsEmpty)
        {
            ReadyLocked();
        }
    }

    private bool TryAdd(ReadOnlySpan<byte> message)
    {
        var pool = _owner.Pool;
        if (_waiting.Last is { } open)
        {
            var length = open.Length + RelayBatch.LengthBytes + message.Length;
            if (length <= _owner.BatchBytesMax)
            {
                if (length > open.Size)
                {
                    if (!TryReserve(pool.LargeBytes - open.Size))
                    {
                        return false;
                    }

                    pool.Enlarge(open);
                }

                open.Add(message);
                return true;
            }
        }

        var bytes = RelayBatch.HeadBytes + RelayBatch.LengthBytes + message.Length;
        if (!TryReserve(pool.SizeFor(bytes)))
        {
            return false;
        }

        var batch = pool.Rent(bytes);
        batch.Begin(this);
        batch.Add(message);
        _waiting.Add(batch);
        return true;
    }

    private bool TryReserve(int bytes)
    {
        if (!_server.TryReserve(bytes))
        {
            return false;
        }

        var has = _owner.TryReserve(bytes);
        if (!has)
        {
            _server.Release(bytes);
        }

        return has;
    }
}
