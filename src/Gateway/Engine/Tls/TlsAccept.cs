using FastPush.Gateway.Limits;
using FastPush.Protocol;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// A connection to an endpoint with TLS until its handshake is done. First it only peeks at what the client offers: whom the record
/// layer here does not serve goes to Kestrel with nothing read. Steps that may sign run on the thread pool, and the descriptor is out
/// of the epoll set meanwhile; everything else, closing included, is the loop's thread's.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Reliability", "CA1001", Justification = "The handshake ends with End, which every way out of this class goes through.")]
internal sealed class TlsAccept(EngineListener listener, TlsContext tls, EventLoop loop, int fd, ConnectionEntry entry)
    : IEngineHandler, IPosted, IThreadPoolWorkItem, IConnectionOwner
{
    private ulong _key;
    private TlsHandshake? _handshake;
    private HandshakeState _state;
    private TlsConnection? _successor;
    private bool _isStepping;
    private bool _isGone;
    private volatile bool _hasStepped;
    private volatile bool _isOverdue;

    /// <summary>Enters the epoll set.</summary>
    public void Start()
    {
        _key = listener.Table.Add(fd, this);
        listener.Watch.Add(OnOverdue);
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
        if (_isGone || _isStepping)
        {
            return;
        }

        if (_handshake is null)
        {
            Peek(buffer, isOver: (events & (Native.EpollRdHup | Native.EpollHup | Native.EpollErr)) != 0);
        }
        else if (_handshake.HasSigned)
        {
            Continue(_handshake.Step());
        }
        else
        {
            StepOnPool();
        }
    }

    public void OnFault() => Close();

    /// <summary>
    /// On the loop's thread: a step is done, or the time for the handshake and the first request is over, or the place is wanted.
    /// </summary>
    public void OnPosted()
    {
        if (_hasStepped)
        {
            _hasStepped = false;
            _isStepping = false;
            if (!_isGone && !MustEnd)
            {
                Return();
            }
        }

        if (!MustEnd)
        {
            return;
        }

        if (_successor is not null)
        {
            _successor.OnOverdue();
        }
        else if (!_isStepping)
        {
            Close();
        }
    }

    /// <summary>On the thread pool.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        _state = _handshake!.Step();
        _hasStepped = true;
        loop.Post(this);
    }

    public void Evict() => loop.Post(this);

    public override string ToString() => $"engine-tls:{fd}";

    private bool MustEnd => _isOverdue || (entry.IsEvicted && _successor is null);

    // From the ticker's thread.
    private void OnOverdue()
    {
        _isOverdue = true;
        loop.Post(this);
    }

    private void Peek(byte[] buffer, bool isOver)
    {
        var most = TlsRecord.HeaderBytes + TlsRecord.ContentBytesMax;
        var received = Native.Receive(fd, buffer.AsSpan(0, most), Native.MsgPeek);
        if (received <= 0)
        {
            if (received == 0 || Native.LastError is not (Native.Eagain or Native.Eintr))
            {
                Close();
            }

            return;
        }

        var status = ClientHello.TryRead(buffer.AsSpan(0, received), out var hello);
        if (status == ParseStatus.NeedMore && !isOver)
        {
            Native.SetReceiveLowWater(fd, received + 1);
        }
        else if (status == ParseStatus.Done && hello.OffersTls13 && !(hello.OffersHttp2 && tls.ServesHttp2))
        {
            Native.SetReceiveLowWater(fd, 1);
            _handshake = new TlsHandshake(tls, fd);
            StepOnPool();
        }
        else
        {
            HandOver();
        }
    }

    private void StepOnPool()
    {
        loop.Remove(fd);
        _isStepping = true;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Back in the epoll set after a step on the thread pool.
    private void Return()
    {
        if (_state != HandshakeState.Failed && !loop.Add(fd, _key))
        {
            Close();
            return;
        }

        Continue(_state);
    }

    private void Continue(HandshakeState state)
    {
        switch (state)
        {
            case HandshakeState.WantsRead:
                loop.Modify(fd, Native.EpollIn | Native.EpollRdHup, _key);
                break;
            case HandshakeState.WantsWrite:
                loop.Modify(fd, Native.EpollOut, _key);
                break;
            case HandshakeState.Done when _handshake!.TryMakeKeys(out var read, out var write):
                var recordBytesMax = _handshake.RecordBytesMax;
                End();
                _successor = new TlsConnection(listener, loop, fd);
                _successor.Start(entry, read, write, recordBytesMax);
                break;
            default:
                Close();
                break;
        }
    }

    private void HandOver()
    {
        End();
        loop.Remove(fd);
        Native.SetReceiveLowWater(fd, 1);
        listener.HandOver(fd, entry);
    }

    private void Close()
    {
        if (!_isGone)
        {
            End();
            _ = Native.Close(fd);
            entry.Leave();
        }
    }

    private void End()
    {
        _isGone = true;
        listener.Table.Remove(fd);
        _handshake?.Dispose();
        _handshake = null;
    }
}
