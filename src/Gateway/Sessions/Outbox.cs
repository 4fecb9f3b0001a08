using FastPush.Gateway.Links;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// What goes out to one client, in order: first bytes that are encoded, then the backlogs of its subscriptions in turn. Everything is
/// sent at once while the link takes it; what it does not take waits here. All methods need the session's lock.
/// </summary>
internal sealed class Outbox(Session session, Link link)
{
    // Encoded bytes. While the link is blocked they belong to it, and what comes meanwhile collects in _next.
    private byte[]? _wire;
    private int _start;
    private int _end;
    private byte[]? _next;
    private int _nextEnd;
    private int _charged;
    private bool _blocked;
    private ReadyList _ready;

    // Messages to users in auto mode whose bytes are encoded but not yet all taken by the link, with the position of their end.
    private Queue<(long End, Payload Payload)>? _unsent;
    private long _appended;
    private long _sent;
    private long _noted;

    /// <summary>Nothing waits, so bytes may go straight to the link.</summary>
    public bool IsEmpty => _wire is null && _ready.First is null && !_blocked && !IsCorked;

    /// <summary>Encoded messages may be added behind what is there without overtaking a backlog.</summary>
    public bool CanAppend => _ready.First is null && !_blocked && !IsCorked;

    /// <summary>Nothing is sent for now.</summary>
    public bool IsCorked { get; set; }

    /// <summary>The link has refused bytes and has not yet taken them.</summary>
    public bool IsBlocked => _blocked;

    /// <summary>The link reported the end of the connection.</summary>
    public bool IsDead { get; private set; }

    /// <summary>What waits here is more than the share of the session's user holds.</summary>
    public bool IsOverShare => _charged > 0 && session.Share.IsFullFor(0, isSmall: true);

    /// <summary>It is so much more that nobody can be given time to read their last words.</summary>
    public bool IsFarOverShare => _charged > 0 && session.Share.IsFullFor(-session.Share.BytesMax / 4, isSmall: true);

    /// <summary>Encoded bytes that wait.</summary>
    public int WireBytes => _end - _start + _nextEnd;

    /// <summary>Adds encoded bytes behind those that wait; sends nothing.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _appended += bytes.Length;
        if (_blocked)
        {
            OutputArray.Append(ref _next, ref _nextEnd, bytes);
            Charge();
        }
        else
        {
            OutputArray.Append(ref _wire, ref _end, bytes);
        }
    }

    /// <summary>Sends bytes at once. Needs <see cref="IsEmpty"/>. What the link does not take waits.</summary>
    public void SendNow(ReadOnlySpan<byte> bytes)
    {
        _appended += bytes.Length;
        var sent = link.TrySend(bytes);
        if (sent == bytes.Length)
        {
            Advance(sent);
            return;
        }

        if (sent < 0)
        {
            IsDead = true;
            return;
        }

        OutputArray.Append(ref _wire, ref _end, bytes[sent..]);
        Advance(sent);
        Block();
    }

    /// <summary>Notes that a user's message ends where the appended bytes end: it is delivered once the link took them all.</summary>
    public void SettleWhenSent(Payload payload, long end)
    {
        payload.AddRef();
        payload.Hold();
        session.Share.Add(payload.Footprint);
        payload.WasSent = true;
        (_unsent ??= new Queue<(long, Payload)>()).Enqueue((end, payload));
    }

    /// <summary>Position behind the last appended byte, for <see cref="SettleWhenSent"/>.</summary>
    public long Appended => _appended;

    /// <summary>All bytes up to a position were taken by the link.</summary>
    public bool HasSent(long end) => _sent >= end;

    /// <summary>When the link was last seen to have taken bytes, on the monotonic clock.</summary>
    public long LastSentMs { get; set; }

    /// <summary>
    /// Notes the time, if the link has taken bytes since the last note: a flush that sends nothing must not put off heart-beats.
    /// </summary>
    public void NoteSent(long nowMs)
    {
        if (_sent != _noted)
        {
            _noted = _sent;
            LastSentMs = nowMs;
        }
    }

    /// <summary>Puts a subscription with something to send into the turn.</summary>
    public void MarkReady(Subscription subscription) => _ready.Add(subscription);

    /// <summary>The session's share answers for encoded bytes that wait for the link, not for those that go out with this batch.</summary>
    public void Charge() => Charge(_blocked ? (_wire?.Length ?? 0) + (_next?.Length ?? 0) : 0);

    /// <summary>Nobody answers for them, until <see cref="Charge()"/>: the session is about to get another share.</summary>
    public void Uncharge() => Charge(0);

    /// <summary>Sends all it can.</summary>
    public void Flush()
    {
        while (!_blocked && !IsDead && !IsCorked)
        {
            if (_wire is not null)
            {
                SendWire();
            }
            else if (_ready.First is not null)
            {
                SendReady();
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>The link takes bytes again and took <paramref name="sent"/> of those it was given; -1 = the connection is gone.</summary>
    public void OnWritable(int sent)
    {
        _blocked = false;
        if (sent < 0 || IsDead)
        {
            IsDead = true;
            FreeAll();
            return;
        }

        _start += sent;
        if (_start == _end)
        {
            OutputArray.Free(ref _wire, ref _end);
            _start = 0;
            (_wire, _end) = (_next, _nextEnd);
            (_next, _nextEnd) = (null, 0);
        }
        else if (_next is not null)
        {
            // What is sent makes room first: a reader that never catches up must not let the array grow with all it ever got.
            _wire.AsSpan(_start, _end - _start).CopyTo(_wire);
            _end -= _start;
            _start = 0;
            OutputArray.Append(ref _wire, ref _end, _next.AsSpan(0, _nextEnd));
            OutputArray.Free(ref _next, ref _nextEnd);
        }

        Advance(sent);
        Flush();
        Charge();
    }

    /// <summary>Takes all subscriptions out of the turn; their backlogs are the session's to empty. Encoded bytes stay.</summary>
    public void DropBacklogs() => _ready.Clear();

    /// <summary>Lets go of the encoded bytes too. User messages among them that were not sent to their end are given back.</summary>
    public void Close(ref List<OfflineMessage>? unsent)
    {
        DropBacklogs();
        while (_unsent is not null && _unsent.TryDequeue(out var entry))
        {
            session.Share.Remove(entry.Payload.Footprint);
            (unsent ??= []).Add(new OfflineMessage(entry.Payload, 1));
        }

        // A blocked link that reads the bytes by itself has them until it reports back.
        IsDead = true;
        if (!_blocked || !link.HoldsBytes)
        {
            FreeAll();
        }
    }

    private void FreeAll()
    {
        OutputArray.Free(ref _wire, ref _end);
        OutputArray.Free(ref _next, ref _nextEnd);
        _start = 0;
        Charge();
    }

    private void Charge(int bytes)
    {
        if (_charged != bytes)
        {
            session.Share.Take(bytes - _charged);
            _charged = bytes;
        }
    }

    private void SendWire()
    {
        var sent = link.TrySend(_wire.AsSpan(_start, _end - _start));
        if (sent < 0)
        {
            IsDead = true;
            return;
        }

        _start += sent;
        if (_start == _end)
        {
            OutputArray.Free(ref _wire, ref _end);
            _start = 0;
            Charge();
            Advance(sent);
            return;
        }

        Advance(sent);
        Block();
    }

    private void Block()
    {
        _blocked = true;
        Charge();
        link.SendWhenWritable(_wire.AsMemory(_start, _end - _start));
    }

    private void Advance(int sent)
    {
        _sent += sent;
        while (_unsent is not null && _unsent.TryPeek(out var entry) && entry.End <= _sent)
        {
            _unsent.Dequeue();
            session.Node.Outcomes.Delivered(entry.Payload);
            entry.Payload.Unhold();
            session.Share.Remove(entry.Payload.Footprint);
            entry.Payload.Release();
        }
    }

    private void SendReady()
    {
        var encoder = new BacklogEncoder(session, Scratch.Take(Scratch.ChunkBytes));
        encoder.Encode(ref _ready);
        if (encoder.Length > 0)
        {
            SendNow(encoder.Bytes);
        }

        Scratch.Give(encoder.Buffer);
    }
}
