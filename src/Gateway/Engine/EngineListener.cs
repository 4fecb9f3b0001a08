using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FastPush.Gateway.Engine;

/// <summary>
/// A bound endpoint of the engine. STOMP connections stay in its loops; Kestrel's accept loop gets all others, as ordinary socket
/// connections.
/// </summary>
internal sealed class EngineListener : IConnectionListener, IEngineHandler
{
    private readonly Socket _socket;
    private readonly int _fd;
    private readonly EventLoop[] _loops;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly TlsContext? _tls;

    // The listen backlog bounds what waits here: Kestrel takes connections as fast as it can start a task for each.
    private readonly Channel<ConnectionContext> _handedOver = Channel.CreateBounded<ConnectionContext>(4096);
    private int _next;
    private int _spare;
    private bool _unbound;

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
        Node = node;
        Table = table;
        Gate = gate;
        Watch = watch;
        EndPoint = socket.LocalEndPoint!;
        _spare = Native.EventFd();
        loops[0].Add(_fd, table.Add(_fd, this));
    }

    public EndPoint EndPoint { get; }

    public Node Node { get; }

    public EngineTable Table { get; }

    public UpgradeGate Gate { get; }

    public HandshakeWatch Watch { get; }

    /// <summary>Accepts all that wait, and gives each to the next loop.</summary>
    public void OnReady(uint events, byte[] buffer)
    {
        while (!_unbound)
        {
            var fd = Native.Accept(_fd);
            if (fd < 0)
            {
                if (Native.LastError is Native.Emfile or Native.Enfile)
                {
                    RefuseOne();
                }

                return;
            }

            var loop = _loops[_next++ % _loops.Length];
            if (_tls is null)
            {
                new EngineConnection(this, loop, fd).Start();
            }
            else
            {
                new TlsAccept(this, _tls, loop, fd).Start();
            }
        }
    }

    public void OnFault()
    {
        // The listener itself stays: the next connection is a new chance.
    }

    /// <summary>Gives a connection to Kestrel.</summary>
    public void HandOver(int fd) => HandOver(_contexts.Create(new Socket(new SafeSocketHandle(fd, ownsHandle: true))));

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
        if (!_unbound)
        {
            _unbound = true;
            Table.Remove(_fd);
            _loops[0].Remove(_fd);
            _socket.Dispose();
            _handedOver.Writer.TryComplete();
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        if (_spare >= 0)
        {
            _ = Native.Close(_spare);
            _spare = -1;
        }

        _contexts.Dispose();
        _tls?.Dispose();
    }

    // No descriptor is left. The one kept in reserve lets the connection be taken and closed at once: the client learns of it, and the
    // listener does not stay ready for ever.
    private void RefuseOne()
    {
        _ = Native.Close(_spare);
        var fd = Native.Accept(_fd);
        if (fd >= 0)
        {
            _ = Native.Close(fd);
        }

        _spare = Native.EventFd();
    }
}
