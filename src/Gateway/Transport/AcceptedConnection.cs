using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using FastPush.Gateway.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastPush.Gateway.Transport;

/// <summary>Feature of a connection: the client will send nothing more. It may still read, as one that half-closed does.</summary>
internal sealed record InputEnd(CancellationToken Token);

/// <summary>
/// A connection of Kestrel's socket transport as its server gets it. It is counted until its descriptor is closed. And when the client
/// has sent its last byte it is not yet closed, as the transport says: the HTTP server would drop the answer that is under way.
/// </summary>
internal sealed class AcceptedConnection : ConnectionContext, IConnectionOwner
{
    private const int TcpInfo = 11; // TCP_INFO, whose first byte is the state.
    private const int CloseWait = 8; // Only the client has closed.

    private readonly ConnectionContext _transport;
    private readonly ConnectionEntry _entry;

#pragma warning disable CA2213 // They are cancelled when the connection is disposed of; they have nothing else to dispose of.
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenSource _inputEnd = new();
#pragma warning restore CA2213

    public AcceptedConnection(ConnectionContext transport, ConnectionEntry entry)
    {
        _transport = transport;
        _entry = entry;
        ConnectionClosed = _closed.Token;
        transport.Features.Set(entry);
        transport.Features.Set(new InputEnd(_inputEnd.Token));
    }

    public override string ConnectionId
    {
        get => _transport.ConnectionId;
        set => _transport.ConnectionId = value;
    }

    public override IFeatureCollection Features => _transport.Features;

    public override IDictionary<object, object?> Items
    {
        get => _transport.Items;
        set => _transport.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _transport.Transport;
        set => _transport.Transport = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _transport.LocalEndPoint;
        set => _transport.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _transport.RemoteEndPoint;
        set => _transport.RemoteEndPoint = value;
    }

    public override CancellationToken ConnectionClosed { get; set; }

    /// <summary>From here on it may be told to go.</summary>
    public void Begin()
    {
        _entry.PassTo(this);
        _transport.ConnectionClosed.UnsafeRegister(static connection => ((AcceptedConnection)connection!).OnInputEnd(), this);
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _transport.Abort(abortReason);
        _closed.Cancel();
    }

    /// <summary>From the accepting thread, which must not run what waits for the end.</summary>
    public void Evict() => ThreadPool.UnsafeQueueUserWorkItem(
        static connection => connection.Abort(new ConnectionAbortedException("its place is wanted")), this, preferLocal: false);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _transport.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            _entry.Leave();
            await _closed.CancelAsync();
            await _inputEnd.CancelAsync();
        }
    }

    private void OnInputEnd()
    {
        _inputEnd.Cancel();
        if (!IsHalfClosed(Features.Get<IConnectionSocketFeature>()?.Socket))
        {
            _closed.Cancel();
        }
    }

    private static bool IsHalfClosed(Socket? socket)
    {
        if (socket is null || !OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            Span<byte> info = stackalloc byte[8];
            return socket.GetRawSocketOption((int)ProtocolType.Tcp, TcpInfo, info) > 0 && info[0] == CloseWait;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false; // Closed altogether.
        }
    }
}
