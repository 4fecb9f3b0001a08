using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Links;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Stomp;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Runs one upgraded connection to completion on the thread that reads it: every read is parsed, published and answered before the
/// next. The only place that sees both a <see cref="ConnectionContext"/> and a session, and the one that catches what a
/// connection may throw.
/// </summary>
internal sealed class StompConnectionHandler(Node node) : ConnectionHandler
{
    // A read batch that takes longer has done work that belongs to another thread.
    private const double StallSeconds = 0.25;

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var upgrade = connection.Features.Get<AcceptedUpgrade>()
            ?? throw new InvalidOperationException("the connection was not upgraded");
        connection.Features.Set<AcceptedUpgrade>(null);
        if (TryMakeLink(connection, upgrade.IsFirst) is not { } link)
        {
            return;
        }

        var client = new StompConnection(node, link, upgrade.Principal, upgrade.AcceptedMs);
        var session = client.Session;
        session.Link.Entry = connection.Features.Get<ConnectionEntry>();
        try
        {
            node.Sessions.Add(session);
            session.Append(upgrade.Response);
            session.Flush();
            await ReadAsync(connection.Transport.Input, client);
        }
        catch (Exception e) when (e is IOException or SocketException or ConnectionAbortedException or OperationCanceledException)
        {
            // The peer reset the connection, or it was aborted here: an end like any other.
            SessionCloser.Close(session, CloseReason.PeerGone);
        }
        catch (Exception e)
        {
            GatewayLog.ConnectionFailed(node.Log, connection.ConnectionId, e);
            SessionCloser.Close(session, CloseReason.Internal);
        }
        finally
        {
            SessionCloser.End(session, CloseReason.PeerGone);
            client.Release();
        }
    }

    private async Task ReadAsync(PipeReader input, StompConnection client)
    {
        while (true)
        {
            var result = await input.ReadAsync();
            Run(client, result.Buffer);
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || result.IsCanceled || (client.IsInputOver && client.Session.IsFinished))
            {
                return;
            }
        }
    }

    private void Run(StompConnection client, in ReadOnlySequence<byte> buffer)
    {
        var began = node.Clock.Ticks;
        try
        {
            foreach (var segment in buffer)
            {
                client.Receive(MemoryMarshal.AsMemory(segment).Span);
            }

            client.EndRead();
        }
        finally
        {
            // What was published before a fault is accepted, and the thread's next batch may be long in coming.
            FanoutBatch.Current.Complete(node);
        }

        var seconds = node.Clock.SecondsSince(began);
        if (seconds > StallSeconds)
        {
            node.Metrics.EngineStalled();
            GatewayLog.EngineStalled(node.Log, (long)(seconds * 1000));
        }
    }

    // TLS, and transports without a socket, are written through their pipe; so are connections whose pipe may still hold the end of
    // an HTTP response, which must not be overtaken. Null when the connection was closed here meanwhile.
    private static Link? TryMakeLink(ConnectionContext connection, bool isFirst)
    {
        var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (!isFirst || socket is null || connection.Features.Get<ITlsHandshakeFeature>() is not null)
        {
            // A pipe cannot be closed half: the reader goes on until the peer answers the close frame, or the deadline ends it.
            return new PipeLink(connection.Transport.Output, static () => { }, connection.Abort);
        }

        try
        {
            return new SocketLink(socket, connection.Abort);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
