using System.Net;
using System.Net.Sockets;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FastPush.Gateway.Transport;

/// <summary>A bound endpoint of <see cref="SocketTransport"/>.</summary>
internal sealed class SocketListener(Socket socket, bool noDelay, SocketConnectionContextFactory contexts, Node node)
    : IConnectionListener
{
    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            while (!node.Connections.HasRoom)
            {
                await RoomAsync(cancellationToken);
            }

            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                if (TryTake(accepted) is { } connection)
                {
                    return connection;
                }
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null; // Unbound.
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                continue; // It was reset before it was accepted.
            }
            catch (SocketException e)
            {
                if (node.Connections.EvictForDescriptor(node.Clock.NowMs))
                {
                    GatewayLog.NoDescriptors(node.Log, e.ErrorCode);
                }

                await RoomAsync(cancellationToken);
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        contexts.Dispose();
        return ValueTask.CompletedTask;
    }

    // Null when it is gone already, or there is no place for it.
    private AcceptedConnection? TryTake(Socket accepted)
    {
        if (node.Connections.TryEnter(node.Clock.NowMs) is not { } entry)
        {
            accepted.Dispose();
            return null;
        }

        try
        {
            if (EndPoint is IPEndPoint)
            {
                accepted.NoDelay = noDelay;
            }

            var connection = new AcceptedConnection(contexts.Create(accepted), entry);
            connection.Begin();
            return connection;
        }
        catch (SocketException)
        {
            accepted.Dispose(); // Reset meanwhile.
            entry.Leave();
            return null;
        }
    }

    // There is no descriptor for the next one, which waits in the listen backlog until a connection closes, or the next tick.
    private async Task RoomAsync(CancellationToken cancellationToken)
    {
        var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Connections.WhenRoom(room.SetResult);
        await room.Task.WaitAsync(cancellationToken);
    }
}
