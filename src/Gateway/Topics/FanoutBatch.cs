using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>Messages of one batch that follow each other in one topic.</summary>
internal readonly record struct FanoutRun(Topic Topic, int Start, int Count, long FirstPosition, long Bytes);

/// <summary>
/// What one read batch publishes, per thread. It is delivered when the batch ends: consecutive messages of a topic are encoded
/// together, and each session is sent to once. Owns a reference (and for user messages a hold) of each payload until then.
/// </summary>
internal sealed class FanoutBatch
{
    [ThreadStatic]
    private static FanoutBatch? t_current;

    private Entry[] _entries = new Entry[64];
    private int _entryCount;
    private FanoutRun[] _runs = new FanoutRun[16];
    private int _runCount;
    private Session[] _dirty = new Session[16];
    private int _dirtyCount;
    private bool _completing;

    private byte[] _encoded = [];
    private int _encodedLength;
    private byte[]? _encodedHead;
    private WireFormat _encodedFormat;
    private (int Number, long Next) _encodedAck;
    private int _encodedStart = -1;

    /// <summary>This thread's batch.</summary>
    public static FanoutBatch Current => t_current ??= new FanoutBatch();

    /// <summary>Sessions collect bytes until the end of the batch, since several runs may hit the same ones.</summary>
    public bool IsCorked { get; private set; }

    /// <summary>When its delivery began, on the monotonic clock.</summary>
    public long NowMs { get; private set; }

    /// <summary>Messages in it.</summary>
    public int Count => _entryCount;

    /// <summary>Adds an accepted message; takes over one reference (and hold).</summary>
    public void Add(Topic topic, Payload payload, long position)
    {
        if (_entryCount == _entries.Length)
        {
            Array.Resize(ref _entries, _entryCount * 2);
        }

        _entries[_entryCount++] = new Entry(payload, position);
        if (_runCount > 0 && !_completing && ReferenceEquals(_runs[_runCount - 1].Topic, topic))
        {
            ref var last = ref _runs[_runCount - 1];
            last = last with { Count = last.Count + 1, Bytes = last.Bytes + payload.Length };
            return;
        }

        if (_runCount == _runs.Length)
        {
            Array.Resize(ref _runs, _runCount * 2);
        }

        _runs[_runCount++] = new FanoutRun(topic, _entryCount - 1, 1, position, payload.Length);
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

    /// <summary>Delivers everything. A nested call (a delivery that made a publish) leaves the work to the outer one.</summary>
    public void Complete(Node node)
    {
        if ((_runCount == 0 && _dirtyCount == 0) || _completing)
        {
            return;
        }

        _completing = true;
        try
        {
            IsCorked = _runCount > 1;
            NowMs = node.Clock.NowMs;
            for (var i = 0; i < _runCount; i++)
            {
                Deliver(_runs[i], node);
            }

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

    /// <summary>
    /// All messages of a run as this subscription gets them. Equal heads share one encoding; where deliveries are to be acknowledged,
    /// their <c>ack</c> headers must be equal too, as they are for all that subscribed before the topic's first message.
    /// </summary>
    public ReadOnlySpan<byte> Encode(Subscription subscription, in FanoutRun run)
    {
        var format = subscription.Session.Format;
        var ack = format == WireFormat.Stomp12 && subscription.Window is { } window
            ? (Number: subscription.Number, window.Next)
            : default;
        if (_encodedStart == run.Start
            && ReferenceEquals(_encodedHead, subscription.Head)
            && _encodedFormat == format
            && _encodedAck == ack)
        {
            return _encoded.AsSpan(0, _encodedLength);
        }

        _encodedStart = -1; // Whatever happens until the end, what is there is no run's encoding.
        var size = 0;
        for (var i = 0; i < run.Count; i++)
        {
            size += MessageEncoder.SizeMax(subscription, PayloadAt(run, i));
        }

        if (_encoded.Length < size)
        {
            if (_encoded.Length > 0)
            {
                Scratch.Give(_encoded);
            }

            _encoded = Scratch.Take(size);
        }

        var length = 0;
        for (var i = 0; i < run.Count; i++)
        {
            var sequence = ack.Next == 0 ? 0 : ack.Next + i;
            length += MessageEncoder.Write(_encoded.AsSpan(length), subscription, PayloadAt(run, i), sequence, redelivered: false);
        }

        _encodedLength = length;
        _encodedHead = subscription.Head;
        _encodedFormat = format;
        _encodedAck = ack;
        _encodedStart = run.Start;
        return _encoded.AsSpan(0, length);
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

    // Whoever was subscribed when these were published is gone. Another may have come since, and found the queue empty.
    private static void LookForReceivers(Node node, HashSet<(string User, string Queue)> queued)
    {
        foreach (var (user, queue) in queued)
        {
            OfflineFlush.ToAnyLive(node, user, queue);
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
        HashSet<(string User, string Queue)>? queued = null;
        for (var i = 0; i < _entryCount; i++)
        {
            var payload = _entries[i].Payload;
            if (payload.User is not null && payload.Unhold())
            {
                if (payload.IsDropped)
                {
                    node.Outcomes.Dead(payload, FailureKind.Overflow);
                    payload.Release();
                    continue;
                }

                (queued ??= []).Add((payload.User, payload.Queue!));
                node.Outcomes.Queue(payload, attempts: 0);
            }
            else
            {
                payload.Release();
            }
        }

        Array.Clear(_entries, 0, _entryCount);
        Array.Clear(_runs, 0, _runCount);
        Array.Clear(_dirty, 0, _dirtyCount);
        _entryCount = _runCount = _dirtyCount = 0;
        _encodedStart = -1;
        _encodedHead = null;
        if (_encoded.Length > Scratch.ChunkBytes * 4)
        {
            BytePool.Return(_encoded);
            _encoded = [];
        }

        IsCorked = false;
        _completing = false;

        if (queued is not null)
        {
            LookForReceivers(node, queued);
        }
    }

    private readonly record struct Entry(Payload Payload, long Position);
}
