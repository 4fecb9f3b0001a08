using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace FastPush.Redis.Testing;

/// <summary>Free loopback ports for servers that must come back on the same one.</summary>
public static class Ports
{
    // Below what Linux gives to outgoing connections (32768-60999), or one of those could take the port while its server is down.
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly ConcurrentDictionary<int, bool> s_given = new();

    /// <summary>A port that nobody has now and that no other caller in this process was given.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (IsFree(port) && s_given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
