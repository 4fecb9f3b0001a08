using System.Net;
using System.Net.Sockets;
using FastPush.Gateway.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Kestrel's socket transport with an accept loop of our own, which counts connections and does not spin when there are no descriptors.
/// For endpoints that the engine does not serve.
/// </summary>
internal sealed class SocketTransport(
    Node node, IOptions<SocketTransportOptions> options, ILogger<SocketConnectionContextFactory> log)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var settings = options.Value;
        Socket socket;
        try
        {
            socket = settings.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }

        if (endpoint is IPEndPoint)
        {
            node.Options.KeepAlive.ApplyTo(socket); // Accepted sockets inherit it.
        }

        socket.Listen(settings.Backlog);
        var contexts = new SocketConnectionContextFactory(
            new SocketConnectionFactoryOptions
            {
                IOQueueCount = settings.IOQueueCount,
                MaxReadBufferSize = settings.MaxReadBufferSize,
                MaxWriteBufferSize = settings.MaxWriteBufferSize,
                UnsafePreferInlineScheduling = settings.UnsafePreferInlineScheduling,
                WaitForDataBeforeAllocatingBuffer = settings.WaitForDataBeforeAllocatingBuffer,
            },
            log);
        return ValueTask.FromResult<IConnectionListener>(new SocketListener(socket, settings.NoDelay, contexts, node));
    }
}
