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
    private bool _blocked;
    private Subscription? _readyFirst;
    private Subscription? _readyLast;

    // Messages to users in auto mode whose bytes are encoded but not yet all taken by the link, with the position of their end.
    private Queue<(long End, Payload Payload)>? _unsent;
    private long _appended;
    private long _sent;

    /// <summary>Nothing waits, so bytes may go straight to the link.</summary>
    public bool IsEmpty => _wire is null && _readyFirst is null && !_blocked && !IsCorked;

    /// <summary>Encoded messages may be added behind what is there without overtaking a backlog.</summary>
    public bool CanAppend => _readyFirst is null && !_blocked && !IsCorked;

    /// <summary>Nothing is sent for now.</summary>
    public bool IsCorked { get; set; }

    /// <summary>The link has refused bytes and has not yet taken them.</summary>
    public bool IsBlocked => _blocked;

    /// <summary>The link reported the end of the connection.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Encoded bytes that wait.</summary>
    public int WireBytes => _end - _start + _nextEnd;

    /// <summary>Adds encoded bytes behind those that wait; sends nothing.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _appended += bytes.Length;
        if (_blocked)
        {
            Append(ref _next, ref _nextEnd, bytes);
        }
        else
        {
            Append(ref _wire, ref _end, bytes);
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

        Append(ref _wire, ref _end, bytes[sent..]);
        Advance(sent);
        Block();
    }

    /// <summary>Notes that a user's message ends where the appended bytes end: it is delivered once the link took them all.</summary>
    public void SettleWhenSent(Payload payload, long end)
    {
        payload.AddRef();
        payload.Hold();
        (_unsent ??= new Queue<(long, Payload)>()).Enqueue((end, payload));
    }

    /// <summary>Position behind the last appended byte, for <see cref="SettleWhenSent"/>.</summary>
    public long Appended => _appended;

    /// <summary>All bytes up to a position were taken by the link.</summary>
    public bool HasSent(long end) => _sent >= end;

    /// <summary>Puts a subscription with something to send into the turn.</summary>
    public void MarkReady(Subscription subscription)
    {
        if (subscription.IsReady)
        {
            return;
        }

        subscription.IsReady = true;
        subscription.NextReady = null;
        if (_readyLast is null)
        {
            _readyFirst = subscription;
        }
        else
        {
            _readyLast.NextReady = subscription;
        }

        _readyLast = subscription;
    }

    /// <summary>Sends all it can.</summary>
    public void Flush()
    {
        while (!_blocked && !IsDead && !IsCorked)
        {
            if (_wire is not null)
            {
                SendWire();
            }
            else if (_readyFirst is not null)
            {
                EncodeReady();
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
        if (sent < 0)
        {
            IsDead = true;
            return;
        }

        _start += sent;
        if (_start == _end)
        {
            Free(ref _wire, ref _end);
            _start = 0;
            (_wire, _end) = (_next, _nextEnd);
            (_next, _nextEnd) = (null, 0);
        }
        else if (_next is not null)
        {
            Append(ref _wire, ref _end, _next.AsSpan(0, _nextEnd));
            Free(ref _next, ref _nextEnd);
        }

        Advance(sent);
        Flush();
    }

    /// <summary>Takes all subscriptions out of the turn; their backlogs are the session's to empty. Encoded bytes stay.</summary>
    public void DropBacklogs()
    {
        for (var s = _readyFirst; s is not null; s = s.NextReady)
        {
            s.IsReady = false;
        }

        _readyFirst = _readyLast = null;
    }

    /// <summary>Lets go of the encoded bytes too. User messages among them that were not sent to their end are given back.</summary>
    public void Close(ref List<OfflineMessage>? unsent)
    {
        DropBacklogs();
        while (_unsent is not null && _unsent.TryDequeue(out var entry))
        {
            (unsent ??= []).Add(new OfflineMessage(entry.Payload, 1));
        }

        // A blocked link may still read from _wire, so that array is left to the collector instead of the pool.
        if (_blocked && _wire is not null)
        {
            BytePool.Abandon(_wire);
            _wire = null;
            _end = 0;
        }

        IsDead = true;
        Free(ref _wire, ref _end);
        Free(ref _next, ref _nextEnd);
        _start = 0;
    }

    private static void Append(ref byte[]? buffer, ref int end, ReadOnlySpan<byte> bytes)
    {
        if (buffer is null)
        {
            buffer = BytePool.Rent(bytes.Length);
        }
        else if (end + bytes.Length > buffer.Length)
        {
            var larger = BytePool.Rent(Math.Max(end + bytes.Length, buffer.Length * 2));
            buffer.AsSpan(0, end).CopyTo(larger);
            BytePool.Return(buffer);
            buffer = larger;
        }

        bytes.CopyTo(buffer.AsSpan(end));
        end += bytes.Length;
    }

    private static void Free(ref byte[]? buffer, ref int end)
    {
        if (buffer is not null)
        {
            BytePool.Return(buffer);
        }

        buffer = null;
        end = 0;
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
            Free(ref _wire, ref _end);
            _start = 0;
            Advance(sent);
            return;
        }

        Advance(sent);
        Block();
    }

    private void Block()
    {
        _blocked = true;
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
            entry.Payload.Release();
        }
    }

    private void EncodeReady()
    {
        var scratch = Scratch.Take(Scratch.ChunkBytes);
        var length = 0;
        var nowMs = session.Node.Clock.NowMs;
        var unixMs = session.Node.Clock.UnixMs;
        while (_readyFirst is not null && length < Scratch.ChunkBytes / 2)
        {
            if (session.Format == WireFormat.ServerSentEvents && _readyFirst.NextReady is not null)
            {
                PutOldestFirst();
            }

            var subscription = _readyFirst;
            if (!EncodeNext(subscription, ref scratch, ref length, nowMs, unixMs))
            {
                _readyFirst = subscription.NextReady;
                _readyLast = _readyFirst is null ? null : _readyLast;
                subscription.NextReady = null;
                subscription.IsReady = false;
            }
        }

        if (length > 0)
        {
            SendNow(scratch.AsSpan(0, length));
        }

        Scratch.Give(scratch);
    }

    // A client that resumes by the last id it saw must see ids rise over all its destinations.
    private void PutOldestFirst()
    {
        Subscription? oldest = null;
        Subscription? beforeOldest = null;
        for (Subscription? before = null, at = _readyFirst; at is not null; before = at, at = at.NextReady)
        {
            if (at.Backlog.Count > 0 && (oldest is null || at.Backlog.Peek().Payload.Id < oldest.Backlog.Peek().Payload.Id))
            {
                (beforeOldest, oldest) = (before, at);
            }
        }

        if (oldest is null || beforeOldest is null)
        {
            return;
        }

        beforeOldest.NextReady = oldest.NextReady;
        _readyLast = ReferenceEquals(_readyLast, oldest) ? beforeOldest : _readyLast;
        oldest.NextReady = _readyFirst;
        _readyFirst = oldest;
    }

    // One message of one subscription; false when it has nothing (more) that may go now.
    private bool EncodeNext(Subscription subscription, ref byte[] scratch, ref int length, long nowMs, long unixMs)
    {
        var window = subscription.Window;
        if (window is { Repeats: > 0 })
        {
            var repeated = window.TakeRepeat(nowMs, out var unacked);
            Room(ref scratch, length, MessageEncoder.SizeMax(subscription, unacked));
            length += MessageEncoder.Write(scratch.AsSpan(length), subscription, unacked, repeated, redelivered: true);
            return true;
        }

        if (subscription.CatchingUp || subscription.Backlog.Count == 0 || window is { HasRoom: false })
        {
            return false;
        }

        var message = session.TakeBacklog(subscription);
        var payload = message.Payload;
        if (payload.ExpiresAtMs != 0 && payload.ExpiresAtMs <= unixMs)
        {
            session.Node.Outcomes.Expired(payload);
            session.Drop(message);
            return true;
        }

        Room(ref scratch, length, MessageEncoder.SizeMax(subscription, payload));
        var sequence = window is null ? 0 : window.Add(payload, message.Attempts, nowMs);
        length += MessageEncoder.Write(scratch.AsSpan(length), subscription, payload, sequence, message.Redelivered);
        session.Node.Outcomes.CountDelivery(payload);
        if (window is null)
        {
            if (payload.User is not null)
            {
                SettleWhenSent(payload, _appended + length);
            }

            session.Drop(message);
        }
        else
        {
            session.Node.Outcomes.Sent(payload);
        }

        return true;
    }

    private static void Room(ref byte[] scratch, int length, int more)
    {
        if (scratch.Length - length >= more)
        {
            return;
        }

        var larger = BytePool.Rent(length + more);
        scratch.AsSpan(0, length).CopyTo(larger);
        BytePool.Return(scratch);
        scratch = larger;
    }
}
