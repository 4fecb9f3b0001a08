using System.Net.Sockets;
using System.Net.WebSockets;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>What clients must expect while servers die and networks break.</summary>
internal static class Broken
{
    /// <summary>For a connection attempt, a receipt or an answer: then the client goes elsewhere.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool Is(Exception e) => e is ConnectionEndedException or WebSocketException or HttpRequestException or IOException
        or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException;
}
