using System.Buffers;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Transport;
using FastPush.Protocol.Handshake;

namespace FastPush.Gateway.Engine;

/// <summary>
/// A connection of the engine. First it only peeks, until it is known whether this is an upgrade of <c>/stomp</c>: if not, the
/// descriptor goes to Kestrel with nothing read. Then it is the link of a STOMP session. Read and closed by its loop's thread
/// alone, so a descriptor's number is never reused under anybody; sent to under the session's lock.
/// </summary>
internal sealed class EngineConnection(EngineListener listener, EventLoop loop, int fd)
    : Link, IEngineHandler, IPosted, IConnectionOwner
{
    private const uint Reading = Native.EpollIn | Native.EpollRdHup;

    private ulong _key;
    private StompConnection? _client;
    private Phase _phase;

    private enum Phase : byte
    {
        Deciding,
        Refused,
        Open,
        Gone,
    }

    /// <summary>Enters the epoll set.</summary>
    public void Start(ConnectionEntry entry)
    {
        Entry = entry;
        _key = listener.Table.Add(fd, this);
        listener.Watch.Add(AbortHandshake);
        if (loop.Add(fd, _key))
        {
            entry.Begin(this);
        }
        else
        {
            Close();
        }
    }

    public void OnReady(uint events, byte[] buffer)
    {
        if ((events & Native.EpollOut) != 0 && _phase == Phase.Open)
        {
            loop.Modify(fd, Reading, _key);
            Session!.OnWritable(0);
        }

        if ((events & ~(uint)Native.EpollOut) == 0)
        {
            return;
        }

        switch (_phase)
        {
            case Phase.Deciding:
                Decide(buffer, isOver: (events & (Native.EpollRdHup | Native.EpollHup | Native.EpollErr)) != 0);
                break;
            case Phase.Open:
                Read(buffer);
                break;
            case Phase.Refused when TryReceive(buffer, 0, out _):
                break; // Read and thrown away, so that closing does not reset the connection before the refusal is read.
            case Phase.Refused:
                Close();
                break;
            default:
                break;
        }
    }

    public void OnFault()
    {
        if (_client is not null)
        {
            SessionCloser.Close(_client.Session, CloseReason.Internal);
        }

        Close();
    }

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_phase == Phase.Gone)
        {
            return -1;
        }

        var sent = Native.Send(fd, bytes);
        if (sent >= 0)
        {
            return sent;
        }

        return Native.LastError is Native.Eagain or Native.Eintr or Native.Enobufs ? 0 : -1;
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest)
    {
        if (_phase != Phase.Gone)
        {
            loop.Modify(fd, Reading | Native.EpollOut, _key);
        }
    }

    public override void EndSend()
    {
        if (_phase != Phase.Gone)
        {
            _ = Native.Shutdown(fd, Native.ShutWrite);
        }
    }

    // The loop then sees the end of the stream and closes the descriptor.
    public override void Abort()
    {
        if (_phase != Phase.Gone)
        {
            _ = Native.Shutdown(fd, Native.ShutBoth);
        }
    }

    public void Evict() => loop.Post(this);

    public override string ToString() => $"engine:{fd}";

    // From the ticker's thread. Handing over may happen at the same time, so the loop's thread does the ending.
    private void AbortHandshake()
    {
        if (_phase < Phase.Open)
        {
            loop.Post(this);
        }
    }

    /// <summary>On the loop's thread: the time to decide is over, or the place is wanted.</summary>
    public void OnPosted()
    {
        if (_phase == Phase.Open && Entry is { IsEvicted: true })
        {
            SessionCloser.Close(Session!, CloseReason.Evicted, NodeFull.Evicted);
            Close();
        }
        else if (_phase < Phase.Open)
        {
            Close();
        }
    }

    private bool TryReceive(Span<byte> buffer, int flags, out int received)
    {
        received = Native.Receive(fd, buffer, flags);
        if (received > 0)
        {
            return true;
        }

        var again = received < 0 && Native.LastError is Native.Eagain or Native.Eintr;
        received = 0;
        return again;
    }

    private void Read(byte[] buffer)
    {
        if (!TryReceive(buffer, 0, out var received))
        {
            Close();
            return;
        }

        _client!.Receive(buffer.AsSpan(0, received));
        _client.EndRead();
        if (_client.IsInputOver && _client.Session.IsFinished)
        {
            Close();
        }
    }

    // Nothing comes behind a head that is over, and epoll would say so again and again: the HTTP server answers what there is of it.
    private void NeedMore(int received, bool isOver)
    {
        if (isOver)
        {
            HandOver();
        }
        else
        {
            Native.SetReceiveLowWater(fd, received + 1);
        }
    }

    private void Decide(byte[] buffer, bool isOver)
    {
        // One byte more than a head may have, so that a head over its limit is seen as such.
        var most = listener.Node.Options.Limits.UpgradeHeadBytes + 1;
        if (!TryReceive(buffer.AsSpan(0, Math.Min(most, buffer.Length)), Native.MsgPeek, out var received))
        {
            Close();
            return;
        }

        var head = buffer.AsSpan(0, received);
        switch (UpgradeSniffer.Classify(head))
        {
            case RequestKind.Other:
                HandOver();
                return;
            case RequestKind.NeedMore:
                NeedMore(received, isOver);
                return;
            default:
                break;
        }

        var response = new ArrayBufferWriter<byte>(UpgradeResponse.AcceptBytesMax);
        switch (listener.Gate.Decide(head, response, Entry, out var principal, out var consumed))
        {
            case UpgradeVerdict.NeedMore:
                NeedMore(received, isOver);
                break;
            case UpgradeVerdict.PassOn:
                HandOver();
                break;
            case UpgradeVerdict.Accepted:
                Native.SetReceiveLowWater(fd, 1);
                TryReceive(head[..consumed], 0, out _);
                Open(principal, response.WrittenSpan);
                break;
            default:
                Native.SetReceiveLowWater(fd, 1);
                TryReceive(head, 0, out _);
                _ = Native.Send(fd, response.WrittenSpan); // What a fresh socket does not take of it is lost with the connection.
                _ = Native.Shutdown(fd, Native.ShutWrite);
                _phase = Phase.Refused;
                break;
        }
    }

    private void Open(Principal? principal, ReadOnlySpan<byte> response)
    {
        _client = new StompConnection(listener.Node, this, principal, Entry!.AcceptedMs);
        Entry = Entry.IsProven ? null : Entry;
        _phase = Phase.Open;
        listener.Node.Sessions.Add(_client.Session);
        _client.Session.Append(response);
        _client.Session.Flush();
    }

    private void HandOver()
    {
        _phase = Phase.Gone;
        listener.Table.Remove(fd);
        loop.Remove(fd);
        Native.SetReceiveLowWater(fd, 1);
        listener.HandOver(fd, Entry!);
    }

    private void Close()
    {
        if (_phase == Phase.Gone)
        {
            return;
        }

        listener.Table.Remove(fd);
        if (_client is null)
        {
            _phase = Phase.Gone;
            _ = Native.Close(fd);
            listener.Node.Connections.Leave(Entry);
            return;
        }

        lock (_client.Session)
        {
            _phase = Phase.Gone;
            _ = Native.Close(fd);
        }

        listener.Node.Connections.Leave(Entry);
        SessionCloser.End(_client.Session, CloseReason.PeerGone);
        _client.Release();
        (_client, Session) = (null, null); // The watch may hold this for a while.
    }
}
