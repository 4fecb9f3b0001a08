using System.Net;
using System.Net.Sockets;

namespace FastPush.Redis.Testing;

/// <summary>A TCP proxy on loopback that does to connections what networks do. All can be changed while it runs.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly IPEndPoint _target;
    private readonly Lock _lock = new();
    private readonly HashSet<ProxyConnection> _connections = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    private TcpProxy(IPEndPoint target)
    {
        _target = target;
        Port = Ports.Free();
    }

    public int Port { get; }

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    /// <summary>From clients to the server.</summary>
    public ProxyDirection ToServer { get; } = new();

    /// <summary>From the server to clients.</summary>
    public ProxyDirection ToClient { get; } = new();

    /// <summary>Open connections.</summary>
    public int Connections
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Connections accepted so far.</summary>
    public int Accepted { get; private set; }

    public static TcpProxy Start(IPEndPoint target)
    {
        var proxy = new TcpProxy(target);
        proxy.Accept();
        return proxy;
    }

    public static TcpProxy Start(int port) => Start(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>Resets all open connections (RST to both sides); new ones are taken as before.</summary>
    public void Cut()
    {
        ProxyConnection[] open;
        lock (_lock)
        {
            open = [.. _connections];
        }

        foreach (var connection in open)
        {
            connection.Reset();
        }
    }

    /// <summary>New connections are refused; open ones stay.</summary>
    public async Task RefuseAsync()
    {
        Socket? listener;
        Task accepting;
        lock (_lock)
        {
            (listener, _listener) = (_listener, null);
            accepting = _accepting;
        }

        listener?.Dispose();
        await accepting;
    }

    /// <summary>Takes connections (again).</summary>
    public void Accept()
    {
        lock (_lock)
        {
            if (_listener is null)
            {
                _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                _listener.Bind(EndPoint);
                _listener.Listen(512);
                _accepting = AcceptAsync(_listener);
            }
        }
    }

    /// <summary>Half-open: connections are taken and stay, and nothing is read or forwarded either way.</summary>
    public void Stall()
    {
        ToServer.Stop();
        ToClient.Stop();
    }

    /// <summary>Ends <see cref="Stall"/>; what waited goes on.</summary>
    public void Flow()
    {
        ToServer.Resume();
        ToClient.Resume();
    }

    public async ValueTask DisposeAsync()
    {
        await RefuseAsync();
        Cut();
        Flow(); // Nobody may wait at a closed gate.
        Task[] running;
        lock (_lock)
        {
            running = [.. _connections.Select(connection => connection.Ended)];
        }

        await Task.WhenAll(running);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return; // Refusing from now on.
            }

            var connection = new ProxyConnection(client, _target, ToServer, ToClient);
            lock (_lock)
            {
                Accepted++;
                _connections.Add(connection);
            }

            connection.Run(() =>
            {
                lock (_lock)
                {
                    _connections.Remove(connection);
                }
            });
        }
    }
}
