using System.Buffers;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Transport;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Handshake;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// A connection behind its TLS handshake. Its first bytes decide as in <see cref="EngineConnection"/>; what is no upgrade of
/// <c>/stomp</c> goes on to Kestrel's HTTP server by <see cref="TlsHttpContext"/>. Read and closed by its loop's thread alone.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "The HTTP server disposes of its context.")]
internal sealed partial class TlsConnection(EngineListener listener, EventLoop loop, int fd)
    : Link, IEngineHandler, IPosted, IConnectionOwner
{
    private TlsChannel _channel = null!;
    private TlsReceiver _receiver = null!;
    private StompConnection? _client;
    private TlsHttpContext? _http;
    private TlsPhase _phase;

    /// <summary>Takes the descriptor over, which is in the epoll set already.</summary>
    public void Start(ConnectionEntry entry, TrafficKey read, TrafficKey write, int recordBytesMax)
    {
        Entry = entry;
        entry.PassTo(this);
        var key = listener.Table.Add(fd, this);
        _channel = new TlsChannel(loop, fd, key, write, recordBytesMax);
        _receiver = new TlsReceiver(read, recordBytesMax);
        if (!loop.Modify(fd, Native.EpollIn | Native.EpollRdHup, key))
        {
            Close();
        }
    }

    public void OnReady(uint events, byte[] buffer)
    {
        if ((events & Native.EpollOut) != 0 && _channel.OnWritable())
        {
            Session?.OnWritable(0);
            _http?.OnWritable();
        }

        if ((events & ~(uint)Native.EpollOut) == 0 || _phase == TlsPhase.Gone)
        {
            return;
        }

        if (_http is { IsPaused: true })
        {
            Close(); // Only a dead connection is reported while nothing is waited for.
            return;
        }

        Read(buffer);
    }

    public void OnFault()
    {
        if (_client is not null)
        {
            SessionCloser.Close(_client.Session, CloseReason.Internal);
        }

        Close();
    }

    public override int TrySend(ReadOnlySpan<byte> bytes) => _channel.TrySend(bytes);

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest) => _channel.WantWritable();

    public override void EndSend() => _channel.EndSend();

    public override void Abort() => _channel.Abort();

    public override string ToString() => $"engine-tls:{fd}";

    /// <summary>On the loop's thread: the time to decide is over.</summary>
    public void OnOverdue()
    {
        if (_phase < TlsPhase.Open)
        {
            Close();
        }
    }

    public void Evict() => loop.Post(this);

    /// <summary>On the loop's thread: the HTTP server is done with the connection, or its place is wanted.</summary>
    public void OnPosted()
    {
        if (_client is not null && _phase == TlsPhase.Open)
        {
            SessionCloser.Close(_client.Session, CloseReason.Evicted, NodeFull.Evicted);
        }

        Close();
    }

    private void Read(byte[] buffer)
    {
        var kept = _receiver.Restore(buffer);
        var received = Native.Receive(fd, buffer.AsSpan(kept), 0);
        if (received == 0)
        {
            EndInput();
            return;
        }

        if (received < 0 && Native.LastError is not (Native.Eagain or Native.Eintr))
        {
            Close();
            return;
        }

        var bytes = buffer.AsSpan(0, kept + Math.Max(received, 0));
        while (_phase != TlsPhase.Gone && _http is not { IsInputOver: true })
        {
            var input = _receiver.Next(ref bytes, out var data, out var fault);
            if (input == TlsInput.NeedMore)
            {
                _receiver.Keep(bytes);
                if (!bytes.IsEmpty)
                {
                    _client?.Session.Unfinished.CutOff(listener.Node.Clock.NowMs);
                }

                EndRead();
                return;
            }

            Handle(input, data, fault);
        }
    }

    private void Handle(TlsInput input, Span<byte> data, TlsAlert fault)
    {
        switch (input)
        {
            case TlsInput.Closed:
                EndInput();
                return;
            case TlsInput.Aborted:
                Close();
                return;
            case TlsInput.Fault:
                _channel.Fail(fault);
                Close();
                return;
            case TlsInput.KeyUpdateWanted:
                _channel.UpdateKey(isRequest: false);
                break;
            default:
                break;
        }

        if (_receiver.Records == TlsChannel.RecordsOfKey)
        {
            _channel.UpdateKey(isRequest: true);
        }

        Deliver(data);
    }

    private void Deliver(Span<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        switch (_phase)
        {
            case TlsPhase.Open:
                _client!.Receive(data);
                break;
            case TlsPhase.Http:
                _http!.Receive(data);
                break;
            case TlsPhase.Deciding:
                Decide(data);
                break;
            default:
                break; // What comes behind a refused request is thrown away.
        }
    }

    private void EndRead()
    {
        _http?.EndRead();
        if (_client is null)
        {
            return;
        }

        _client.EndRead();
        if (_client.IsInputOver && _client.Session.IsFinished)
        {
            Close();
        }
    }

    // The client sends nothing more. What it asked of the HTTP server before is answered.
    private void EndInput()
    {
        if (_phase == TlsPhase.Deciding && _head is not null)
        {
            PassOn(_head.AsSpan(0, _headBytes));
            ReleaseHead();
        }

        if (_phase == TlsPhase.Http)
        {
            _http!.EndInput();
        }
        else
        {
            _channel.EndSend();
            Close();
        }
    }

    private void Close()
    {
        if (_phase == TlsPhase.Gone)
        {
            return;
        }

        _phase = TlsPhase.Gone;
        listener.Table.Remove(fd);
        _channel.Close();
        listener.Node.Connections.Leave(Entry);
        _receiver.Clear();
        ReleaseHead();
        _http?.OnClosed();
        if (_client is not null)
        {
            SessionCloser.End(_client.Session, CloseReason.PeerGone);
            _client.Release();
            (_client, Session) = (null, null); // The watch may hold this for a while.
        }
    }
}
