using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>
/// One destination: <c>/topic/{name}</c>, or one user's queue. Its lock (the object itself) guards the order of messages, the
/// history and changes of <see cref="Subscribers"/>; it is never taken inside a session's lock.
/// </summary>
internal sealed class Topic(byte[] key, string? user, string? queue, HistoryPast past = default)
{
    // The batch with the oldest message that is not delivered yet, and what was published behind it on other threads.
    private FanoutBatch? _deliverer;
    private Queue<(Payload Payload, long Position)>? _behind;
    private long _keeperLeftAt = -1;

    /// <summary>The resolved destination in UTF-8: <c>/topic/room</c> or <c>/user/alice/queue/messages</c>.</summary>
    public byte[] Key { get; } = key;

    /// <summary>Whose queue it is; null for a topic.</summary>
    public string? User { get; } = user;

    /// <summary>The queue's name; null for a topic.</summary>
    public string? Queue { get; } = queue;

    public SubscriberList Subscribers { get; } = new();

    /// <summary>What is known of the other servers; null until it is needed, and always without a cluster.</summary>
    public Cluster.TopicInterest? Interest { get; set; }

    /// <summary>Null until the first message that is kept.</summary>
    public History? History { get; set; }

    /// <summary>The second in which <see cref="HistoryOrder"/> noted it last.</summary>
    public long HistoryNotedAt { get; set; }

    /// <summary>What left the history.</summary>
    public HistoryPast Past { get; private set; } = past;

    /// <summary>Position of the newest message. A subscription that joins at n gets live what comes after n.</summary>
    public long Position { get; set; }

    /// <summary>The table has let go of it: whoever still holds it must look it up again.</summary>
    public bool Retired { get; set; }

    /// <summary>
    /// Where it was when a subscription left that keeps its messages (see <see cref="Sessions.Subscription.Keeps"/>): up to there the one
    /// that left owed them too. Read without the lock.
    /// </summary>
    public long KeeperLeftAt
    {
        get => Volatile.Read(ref _keeperLeftAt);
        set => Volatile.Write(ref _keeperLeftAt, value);
    }

    /// <summary>
    /// Under the lock, for a message that has its position: true when this batch may deliver it. Else an older one waits on another
    /// thread, and this one must wait behind it (<see cref="Leave"/>).
    /// </summary>
    public bool TryDeliverBy(FanoutBatch batch)
    {
        if (_deliverer is null)
        {
            _deliverer = batch;
            batch.Own(this);
        }

        return ReferenceEquals(_deliverer, batch) && _behind is not { Count: > 0 };
    }

    /// <summary>Under the lock: leaves a message to who delivers.</summary>
    public void Leave(FanoutBatch batch, Payload payload, long position)
    {
        (_behind ??= new Queue<(Payload, long)>()).Enqueue((payload, position));
        batch.LeftAt(this);
    }

    /// <summary>Under the lock: the oldest message that was left, for who delivers.</summary>
    public bool TryTakeBehind(out Payload payload, out long position)
    {
        payload = null!;
        position = 0;
        if (_behind is null || !_behind.TryDequeue(out var oldest))
        {
            _behind = null;
            return false;
        }

        (payload, position) = oldest;
        return true;
    }

    /// <summary>Who delivered does no longer. True when something is left, and somebody else must go on.</summary>
    public bool EndDelivery()
    {
        lock (this)
        {
            _deliverer = null;
            Monitor.PulseAll(this);
            return _behind is { Count: > 0 };
        }
    }

    /// <summary>Waits, but not for long, until at most so many messages wait to be delivered by another thread.</summary>
    public void WaitUntilShort(int messages, int milliseconds)
    {
        lock (this)
        {
            if (_deliverer is not null && _behind is { } behind && behind.Count > messages)
            {
                Monitor.Wait(this, milliseconds);
            }
        }
    }

    /// <summary>
    /// Where a client goes on that has seen the message with this id, or of other topics all up to it: behind that message in the order of
    /// delivery, if it is known; else with the first newer one. <paramref name="newestId"/> is the newest id that anybody can have seen.
    /// </summary>
    public Resumption ResumeAfter(long lastId, long newestId)
    {
        if (History is { } history && history.IndexOf(lastId) is var at and >= 0)
        {
            return new Resumption(at + 1, IsGap: false);
        }

        if (lastId != 0 && lastId == Past.LastId)
        {
            return new Resumption(0, IsGap: false);
        }

        return lastId > Past.NewestId && lastId <= newestId
            ? new Resumption(History?.FirstAfter(lastId) ?? 0, IsGap: false)
            : new Resumption(0, IsGap: true);
    }

    /// <summary>
    /// What the history has in front of where a client goes on, though it is newer: that came before, so it has been seen. Null when there
    /// is none.
    /// </summary>
    public HashSet<long>? SeenBefore(Resumption resumption, long lastId)
    {
        if (resumption is not { IsGap: false, Index: > 0 })
        {
            return null;
        }

        return [.. Enumerable.Range(0, resumption.Index).Select(i => History!.At(i).Id).Where(id => id > lastId)];
    }

    /// <summary>The id after which somebody who is here now misses nothing: that of the newest message, if one is known.</summary>
    public long LastId => History is { Count: > 0 } history ? history.At(history.Count - 1).Id : Past.LastId;

    /// <summary>
    /// A message leaves the history. One that still waits for its user is not gone: whoever resumes gets it with the rest of the queue.
    /// </summary>
    public void Left(Payload payload)
    {
        if (payload.User is null || payload.WasSent || payload.Settlement != Settlement.Open || Subscribers.Count > 0)
        {
            Past = Past.With(payload.Id, payload.PublishedId);
        }
    }

    /// <summary>
    /// A message of a user's queue is given to one subscription, or is lost, and is not in the history: others that resume miss it.
    /// </summary>
    public void Gone(Payload payload)
    {
        if (History is not { Count: > 0 } history || payload.Id < history.At(0).Id)
        {
            Past = Past.With(payload.Id, payload.PublishedId);
        }
    }
}
