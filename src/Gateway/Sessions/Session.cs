using FastPush.Gateway.Auth;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Links;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// One connected client: its subscriptions and its way out. The object is its own lock; nothing else is locked inside it except
/// leaves (pool, ledger, metrics, presence), and no call blocks inside it.
/// </summary>
internal sealed partial class Session
{
    private bool _flushAtBatchEnd;

    public Session(Node node, Link link, WireFormat format, long id)
    {
        Node = node;
        Link = link;
        link.Session = this;
        Format = format;
        Id = id;
        Outbox = new Outbox(this, link);
        Subscriptions = new SubscriptionSet(this);
        var now = node.Clock.NowMs;
        LastInputMs = now;
        Outbox.LastSentMs = now;
    }

    public Node Node { get; }

    public Link Link { get; }

    public long Id { get; }

    public WireFormat Format { get; set; }

    public SessionState State { get; private set; }

    /// <summary>Why it ends; meaningful from <see cref="SessionState.Closing"/> on.</summary>
    public CloseReason Reason { get; private set; }

    /// <summary>Whose session it is; null until CONNECT was accepted.</summary>
    public Principal? Principal { get; set; }

    /// <summary>The user's state over all sessions of this node.</summary>
    public User? User { get; private set; }

    /// <summary>Who answers for what this client makes the node keep.</summary>
    public MemoryShare Share => (MemoryShare?)User ?? Node.Strangers.Share;

    public Outbox Outbox { get; }

    public SubscriptionSet Subscriptions { get; }

    /// <summary>Place in the session table.</summary>
    public int TableSlot { get; set; } = -1;

    /// <summary>When input last came, on the monotonic clock. Written by the reader without a lock.</summary>
    public long LastInputMs { get; set; }

    /// <summary>What the client has begun and not ended.</summary>
    public UnfinishedInput Unfinished;

    /// <summary>When the present state must be over: connect deadline, then none, then the end of closing. 0 = none.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>The connection may be let go: everything was sent and the peer has been told, or it is gone.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>The beginning of a frame is kept for it until the rest comes. Written by the reader without a lock.</summary>
    public bool HoldsInput { get; set; }

    /// <summary>Some subscription has an ACK window, so the ticker looks for deliveries that are due again.</summary>
    public bool HasWindows { get; set; }

    /// <summary>The session lives as long as this token, of the same user as before.</summary>
    public void Renew(Principal principal)
    {
        lock (this)
        {
            if (State >= SessionState.Closing)
            {
                return; // Its deadline is that of the closing.
            }

            Principal = principal;
            User?.Obey(principal, Node.Options.Limits.PrincipalShareBytes);
            DeadlineMs = Node.Clock.NowMs + Math.Max(0, principal.ExpiresAtMs - Node.Clock.WallMs);
        }
    }

    /// <summary>Moves from Connecting to Open. False when it is already ending.</summary>
    public bool Open(Principal principal)
    {
        lock (this)
        {
            if (State != SessionState.Connecting)
            {
                return false;
            }

            State = SessionState.Open;
            Renew(principal);
            Outbox.Uncharge();
            User = Node.Users.Enter(principal);
            Outbox.Charge();
            Node.Users.Fleet?.Took(User, 0, principal.Burst, principal.PerSecond);

            // Before anybody can close it, so that no end is told before its beginning.
            Node.Presence.Connected(principal.UserId, Id);
            Node.Metrics.SessionOpened(Format);
            return true;
        }
    }

    /// <summary>Sends at once whatever the link takes. Called once per session at the end of a read batch.</summary>
    public void Flush()
    {
        lock (this)
        {
            _flushAtBatchEnd = false;
            Outbox.Flush();
            AfterSend();
        }

        CloseIfDead();
    }

    /// <summary>
    /// Adds encoded bytes (control frames) behind what waits; the caller flushes. False when the client does not read them.
    /// </summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        lock (this)
        {
            if (State >= SessionState.Closing)
            {
                return true; // The last words are said already.
            }

            if (Outbox.WireBytes > Node.Options.Limits.OutboxBytes)
            {
                return false;
            }

            Outbox.Append(bytes);
            return true;
        }
    }

    /// <summary>The link took <paramref name="sent"/> of the bytes it was given and takes more; -1 = the connection is gone.</summary>
    public void OnWritable(int sent)
    {
        try
        {
            lock (this)
            {
                Outbox.OnWritable(sent);
                AfterSend();
            }

            CloseIfDead();
        }
        catch (Exception e)
        {
            // Links call from pool threads, where nobody else would catch it.
            GatewayLog.ConnectionFailed(Node.Log, $"session:{Id}", e);
            SessionCloser.Close(this, CloseReason.Internal);
        }
    }

    /// <summary>Takes the step to Closing under the lock; false when another was faster.</summary>
    public bool BeginClose(CloseReason reason, long deadlineMs, out SessionState from)
    {
        from = State;
        if (State >= SessionState.Closing)
        {
            return false;
        }

        State = SessionState.Closing;
        Reason = reason;
        DeadlineMs = deadlineMs;
        return true;
    }

    /// <summary>Under the lock: when the last bytes of a closing session are out, tells the peer.</summary>
    public void AfterSend()
    {
        Outbox.NoteSent(Node.Clock.NowMs);
        if (State == SessionState.Closing && !IsFinished && (Outbox.IsEmpty || Outbox.IsDead))
        {
            IsFinished = true;
            Link.EndSend();
        }
    }

    /// <summary>The last step. True for the one caller that takes it.</summary>
    public bool TryEnd(ref List<OfflineMessage>? unsent)
    {
        lock (this)
        {
            if (State == SessionState.Closed)
            {
                return false;
            }

            State = SessionState.Closed;
            IsFinished = true;
            DeadlineMs = 0;
            Outbox.Close(ref unsent);
            return true;
        }
    }

    /// <summary>Ends the connection without further words.</summary>
    public void Abort()
    {
        lock (this)
        {
            Link.Abort();
        }
    }

    /// <summary>Under the lock: has the batch flush this session when it completes.</summary>
    public void FlushAtEnd(FanoutBatch batch)
    {
        if (!_flushAtBatchEnd)
        {
            _flushAtBatchEnd = true;
            batch.AddDirty(this);
        }
    }

    private void CloseIfDead()
    {
        if (State < SessionState.Closing && (Outbox.IsDead || Outbox.IsOverShare))
        {
            SessionCloser.Close(this, Outbox.IsDead ? CloseReason.PeerGone : CloseReason.SlowConsumer);
        }
    }
}
