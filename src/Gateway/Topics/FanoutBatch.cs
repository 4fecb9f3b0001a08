using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>Messages of one batch that follow each other in one topic.</summary>
internal readonly record struct FanoutRun(Topic Topic, int Start, int Count, long FirstPosition, long Bytes, long Footprint);

/// <summary>
/// What one read batch publishes, per thread. It is delivered when the batch ends: consecutive messages of a topic are encoded
/// together, and each session is sent to once. Owns a reference (and for user messages a hold) of each payload until then.
/// </summary>
internal sealed partial class FanoutBatch
{
    // More runs than that are a burst, where collecting pays anyway; and they are compared in pairs.
    private const int ApartMax = 8;

    [ThreadStatic]
    private static FanoutBatch? t_current;

    private Entry[] _entries = new Entry[64];
    private int _entryCount;
    private FanoutRun[] _runs = new FanoutRun[16];
    private int _runCount;
    private int _begun;
    private readonly Session?[] _receivers = new Session?[ApartMax];
    private Session[] _dirty = new Session[16];
    private int _dirtyCount;
    private bool _completing;
    private readonly SharedEncoding _encoding = new();

    /// <summary>This thread's batch.</summary>
    public static FanoutBatch Current => t_current ??= new FanoutBatch();

    /// <summary>Sessions collect bytes until the end of the batch, since several runs hit the same ones, or may.</summary>
    public bool IsCorked { get; private set; }

    /// <summary>When the bytes that this thread works on were read, by <see cref="Lifecycle.Clock.Ticks"/>.</summary>
    public long ReadTicks { get; set; }

    /// <summary>When its delivery began, on the monotonic clock.</summary>
    public long NowMs { get; private set; }

    /// <summary>Messages that this thread has published and not yet seen delivered.</summary>
    public int Count => _entryCount + _leftCount;

    /// <summary>The thread completes its batch at the end of each of its turns, so what can wait until then does.</summary>
    public bool HasTurns { get; set; }

    /// <summary>The end of this batch is certain to come.</summary>
    public bool IsUnderWay => _completing || HasTurns;

    /// <summary>Adds an accepted message; takes over one reference (and hold).</summary>
    public void Add(Topic topic, Payload payload, long position)
    {
        if (_entryCount == _entries.Length)
        {
            Array.Resize(ref _entries, _entryCount * 2);
        }

        _entries[_entryCount++] = new Entry(payload, position);
        if (_runCount > _begun && ReferenceEquals(_runs[_runCount - 1].Topic, topic))
        {
            ref var last = ref _runs[_runCount - 1];
            last = last with
            {
                Count = last.Count + 1,
                Bytes = last.Bytes + payload.Length,
                Footprint = last.Footprint + payload.Footprint,
            };
            return;
        }

        if (_runCount == _runs.Length)
        {
            Array.Resize(ref _runs, _runCount * 2);
        }

        _runs[_runCount++] = new FanoutRun(topic, _entryCount - 1, 1, position, payload.Length, payload.Footprint);
    }

    public Payload PayloadAt(in FanoutRun run, int index) => _entries[run.Start + index].Payload;

    public long PositionAt(in FanoutRun run, int index) => _entries[run.Start + index].Position;

    /// <summary>A session holds bytes that the end of the batch sends.</summary>
    public void AddDirty(Session session)
    {
        if (_dirtyCount == _dirty.Length)
        {
            Array.Resize(ref _dirty, _dirtyCount * 2);
        }

        _dirty[_dirtyCount++] = session;
    }

    /// <summary>
    /// Delivers everything, and then offers messages that came back from sessions that ended. A nested call (a delivery that made a
    /// publish) leaves the work to the outer one.
    /// </summary>
    public void Complete(Node node)
    {
        if (_completing)
        {
            return;
        }

        if (_runCount > 0 || _dirtyCount > 0 || _ownedCount > 0)
        {
            DeliverAll(node);
        }

        WaitForOthers();
        node.Redelivery.Run(Redelivery.PerTurn);
    }

    private void DeliverAll(Node node)
    {
        _completing = true;
        try
        {
            IsCorked = _runCount > 1 && !GoToOneEach();
            NowMs = node.Clock.NowMs;
            do
            {
                while (_begun < _runCount)
                {
                    Deliver(_runs[_begun++], node);
                }
            }
            while (TakeBehind(node));

            for (var i = 0; i < _dirtyCount; i++)
            {
                TryFlush(_dirty[i], node);
            }
        }
        finally
        {
            Reset(node);
        }
    }

    /// <summary>All messages of a run as this subscription gets them.</summary>
    public ReadOnlySpan<byte> Encode(Subscription subscription, in FanoutRun run) => _encoding.Of(subscription, this, run);

    // Few runs, each for one session and no two for the same one: collecting first would cost two copies and two locks for nothing. Who
    // subscribes meanwhile costs a second send at most.
    private bool GoToOneEach()
    {
        if (_runCount > ApartMax)
        {
            return false;
        }

        for (var i = 0; i < _runCount; i++)
        {
            var receivers = _runs[i].Topic.Subscribers.Snapshot();
            if (receivers.Length != 1 || receivers[0] is not { Session: var session })
            {
                return false;
            }

            for (var j = 0; j < i; j++)
            {
                if (ReferenceEquals(_receivers[j], session))
                {
                    return false;
                }
            }

            _receivers[i] = session;
        }

        return true;
    }

    private void Deliver(in FanoutRun run, Node node)
    {
        var sent = 0L;
        var receivers = run.Topic.Subscribers.Snapshot();
        for (var i = 0; i < receivers.Length; i++)
        {
            Prefetch.Ahead(receivers, i);
            if (receivers[i] is { } subscription)
            {
                sent += TryDeliver(subscription, run, node);
            }
        }

        node.Metrics.Delivered(sent);
        if (sent > 0)
        {
            var nowTicks = node.Clock.Ticks;
            for (var i = 0; i < run.Count; i++)
            {
                node.Metrics.Latency(PayloadAt(run, i), sent / run.Count, node.Clock, nowTicks);
            }
        }
    }

    // A fault of ours with one receiver costs that one its connection, not the others their messages, nor the loop its thread.
    private int TryDeliver(Subscription subscription, in FanoutRun run, Node node)
    {
        try
        {
            return Delivery.Deliver(subscription, this, run);
        }
        catch (Exception e)
        {
            Fail(subscription.Session, node, e);
            return 0;
        }
    }

    private static void TryFlush(Session session, Node node)
    {
        try
        {
            session.Flush();
        }
        catch (Exception e)
        {
            Fail(session, node, e);
        }
    }

    private static void Fail(Session session, Node node, Exception e)
    {
        GatewayLog.ConnectionFailed(node.Log, $"session:{session.Id}", e);
        SessionCloser.Close(session, CloseReason.Internal);
    }

    private void Reset(Node node)
    {
        EndDeliveries(node);
        for (var i = 0; i < _runCount; i++)
        {
            LetGo(_runs[i], node);
        }

        Array.Clear(_entries, 0, _entryCount);
        Array.Clear(_runs, 0, _runCount);
        Array.Clear(_dirty, 0, _dirtyCount);
        Array.Clear(_owned, 0, _ownedCount);
        Array.Clear(_receivers);
        _entryCount = _runCount = _begun = _dirtyCount = _ownedCount = _ended = _behindTimes = 0;
        _encoding.Forget();
        IsCorked = false;
        _completing = false;
    }

    private void LetGo(in FanoutRun run, Node node)
    {
        for (var i = 0; i < run.Count; i++)
        {
            var payload = PayloadAt(run, i);
            if (payload.User is not null && PositionAt(run, i) <= run.Topic.KeeperLeftAt)
            {
                payload.IsReturned = true; // Who left since it was published owed it, but may not have got it.
            }

            if (payload.User is null || !payload.Unhold())
            {
                payload.Discharge();
            }
            else if (node.Outcomes.Unowed(payload))
            {
                // Whoever was subscribed when it was published is gone, so its publisher goes on answering for it. Another may have come
                // since, and found the queue empty.
                node.Redelivery.Note(payload.User, payload.Queue!);
            }

            payload.Release();
        }
    }

    private readonly record struct Entry(Payload Payload, long Position);
}
