using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FastPush.Gateway.Engine;

/// <summary>
/// A bound endpoint of the engine. STOMP connections stay in its loops; Kestrel's accept loop gets all others, as ordinary socket
/// connections.
/// </summary>
internal sealed class EngineListener : IConnectionListener, IEngineHandler, IPosted
{
    // Between two turns those are read that came with the turn before; so nobody is closed for a newcomer before that.
    private const int AcceptsMax = 64;

    private const uint Accepting = Native.EpollIn | Native.EpollRdHup;

    private readonly Socket _socket;
    private readonly int _fd;
    private readonly ulong _key;
    private readonly EventLoop[] _loops;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly TlsContext? _tls;
    private readonly int _acceptsPerTurn;
    private readonly TaskCompletionSource _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The listen backlog bounds what waits here: Kestrel takes connections as fast as it can start a task for each.
    private readonly Channel<ConnectionContext> _handedOver = Channel.CreateBounded<ConnectionContext>(4096);
    private int _next;
    private bool _isPaused;
    private volatile bool _isUnbinding;

    public EngineListener(
        Socket socket,
        Node node,
        EngineTable table,
        EventLoop[] loops,
        UpgradeGate gate,
        HandshakeWatch watch,
        SocketConnectionContextFactory contexts,
        TlsContext? tls)
    {
        _tls = tls;
        _socket = socket;
        _fd = (int)socket.SafeHandle.DangerousGetHandle();
        _loops = loops;
        _contexts = contexts;
        _acceptsPerTurn = Math.Clamp(node.Connections.Bounds.Unproven / 2, 1, AcceptsMax);
        Node = node;
        Table = table;
        Gate = gate;
        Watch = watch;
        EndPoint = socket.LocalEndPoint!;
        _key = table.Add(_fd, this);
        if (!loops[0].Add(_fd, _key))
        {
            table.Remove(_fd);
            throw new IOException($"epoll_ctl failed: errno {Native.LastError}");
        }
    }

    public EndPoint EndPoint { get; }

    public Node Node { get; }

    public EngineTable Table { get; }

    public UpgradeGate Gate { get; }

    public HandshakeWatch Watch { get; }

    /// <summary>Accepts what waits, and gives each to the next loop.</summary>
    public void OnReady(uint events, byte[] buffer)
    {
        for (var i = 0; i < _acceptsPerTurn && !_isUnbinding; i++)
        {
            if (!Node.Connections.HasRoom)
            {
                Pause();
                return;
            }

            var fd = Native.Accept(_fd);
            if (fd < 0)
            {
                var error = Native.LastError;
                if (Native.IsOutOfDescriptors(error))
                {
                    Pause();
                    if (Node.Connections.EvictForDescriptor(Node.Clock.NowMs))
                    {
                        GatewayLog.NoDescriptors(Node.Log, error);
                    }
                }

                return;
            }

            if (Node.Connections.TryEnter(Node.Clock.NowMs) is not { } entry)
            {
                Refuse(fd, buffer);
                continue;
            }

            var loop = _loops[_next++ % _loops.Length];
            if (_tls is null)
            {
                new EngineConnection(this, loop, fd).Start(entry);
            }
            else
            {
                new TlsAccept(this, _tls, loop, fd, entry).Start();
            }
        }
    }

    public void OnFault()
    {
        // The listener itself stays: the next connection is a new chance.
    }

    /// <summary>On its loop's thread: there may be descriptors again, or it is to end.</summary>
    public void OnPosted()
    {
        if (_isUnbinding)
        {
            Unbind();
        }
        else if (_isPaused)
        {
            _isPaused = false;
            _loops[0].Modify(_fd, Accepting, _key);
        }
    }

    /// <summary>Gives a connection to Kestrel. Its descriptor is Kestrel's from here on, whatever happens.</summary>
    public void HandOver(int fd, ConnectionEntry entry)
    {
        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        AcceptedConnection connection;
        try
        {
            connection = new AcceptedConnection(_contexts.Create(new Socket(handle)), entry);
        }
        catch (SocketException)
        {
            // It is gone already.
            handle.Dispose();
            entry.Leave();
            return;
        }

        connection.Begin();
        HandOver(connection);
    }

    /// <summary>Gives a connection to Kestrel whose TLS is done here.</summary>
    public void HandOver(ConnectionContext context)
    {
        if (!_handedOver.Writer.TryWrite(context))
        {
            context.Abort();
            _ = context.DisposeAsync().AsTask();
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _handedOver.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_handedOver.Reader.TryRead(out var context))
            {
                return context;
            }
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        // By the loop's thread: it may be about to accept, and must not do so with another's descriptor.
        _isUnbinding = true;
        if (!_loops[0].Post(this))
        {
            Unbind();
        }

        return new ValueTask(_unbound.Task);
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        _contexts.Dispose();
        _tls?.Dispose();
    }

    private void Unbind()
    {
        if (!_socket.SafeHandle.IsClosed)
        {
            Table.Remove(_fd);
            _loops[0].Remove(_fd);
            _socket.Dispose();
            _handedOver.Writer.TryComplete();
        }

        _unbound.TrySetResult();
    }

    // There is no descriptor for the next one, which waits in the listen backlog until a connection closes.
    private void Pause()
    {
        _isPaused = true;
        _loops[0].Modify(_fd, 0, _key);
        Node.Connections.WhenRoom(() => _loops[0].Post(this));
    }

    // All places are users'. Its request is read if it is there, since bytes that were not would have the answer thrown away.
    private void Refuse(int fd, byte[] buffer)
    {
        if (_tls is null)
        {
            _ = Native.Send(fd, NodeFull.Response);
            _ = Native.Receive(fd, buffer, 0);
            _ = Native.Shutdown(fd, Native.ShutWrite);
        }

        _ = Native.Close(fd);
    }
}
