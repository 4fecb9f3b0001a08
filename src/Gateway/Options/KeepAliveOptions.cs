using System.Net.Sockets;

namespace FastPush.Gateway.Options;

/// <summary>
/// TCP keep-alive (RFC 9293 section 3.8.4) of every accepted connection: the system asks a silent peer whether it is still there, so
/// that one that vanished is noticed without heart-beats, after idle time + interval x count.
/// </summary>
internal sealed record KeepAliveOptions
{
    /// <summary>Silence before the first probe, in s; 0 = none is sent.</summary>
    public int IdleSeconds { get; init; } = 60;

    /// <summary>From probe to probe, in s.</summary>
    public int IntervalSeconds { get; init; } = 10;

    /// <summary>Probes without an answer, then the connection is over.</summary>
    public int Count { get; init; } = 6;

    /// <summary>Sets it on a listening socket, whose accepted sockets inherit it (tcp(7)).</summary>
    public void ApplyTo(Socket listener)
    {
        if (IdleSeconds == 0)
        {
            return;
        }

        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, IdleSeconds);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, IntervalSeconds);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Count);
    }
}
