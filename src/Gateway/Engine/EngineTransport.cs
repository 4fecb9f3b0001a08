using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FastPush.Gateway.Engine;

/// <summary>
/// The transport that Kestrel listens with on Linux: TCP endpoints are accepted by the engine's event loops. docs/architecture.md,
/// "Transports", says what it gained over Kestrel's own.
/// </summary>
internal sealed class EngineTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private const int Backlog = 4096;

    private readonly Node _node;
    private readonly UpgradeGate _gate;
    private readonly HandshakeWatch _watch;
    private readonly ILogger<SocketConnectionContextFactory> _log;
    private readonly TlsEndpoints _endpoints;
    private readonly EngineTable _table = new();
    private readonly EventLoop[] _loops;

    public EngineTransport(
        Node node,
        UpgradeGate gate,
        HandshakeWatch watch,
        TlsEndpoints endpoints,
        EngineThreads threads,
        ILogger<SocketConnectionContextFactory> log)
    {
        _endpoints = endpoints;
        _node = node;
        _gate = gate;
        _watch = watch;
        _log = log;
        _loops = new EventLoop[threads.Count];
        for (var i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new EventLoop(node, _table, i);
        }
    }

    /// <summary>The engine knows this platform's system calls.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Endpoints with TLS that the engine does not serve are Kestrel's own, from the first byte.</summary>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint ip && _endpoints.CanBind(ip);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var ip = (IPEndPoint)endpoint;
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (ip.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            // Accepted connections inherit it: small messages must not wait for acknowledgements of those before.
            socket.NoDelay = true;
            _node.Options.KeepAlive.ApplyTo(socket);
            socket.Bind(ip);
            socket.Listen(Backlog);
            socket.Blocking = false;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new AddressInUseException(e.Message, e);
        }

        var options = new SocketConnectionFactoryOptions { MaxReadBufferSize = KestrelSetup.RequestBufferBytes };
        var contexts = new SocketConnectionContextFactory(options, _log);
        return ValueTask.FromResult<IConnectionListener>(
            new EngineListener(socket, _node, _table, _loops, _gate, _watch, contexts, _endpoints.TakeContext(ip)));
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }
    }
}

/// <summary>How many event loops there are.</summary>
internal sealed record EngineThreads(int Count);
