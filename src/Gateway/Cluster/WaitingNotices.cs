using System.Text;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// Tells other servers that messages came into an offline queue which they hold. They have no other way to learn it when it was this
/// server's relay that failed, so what could not be told is told again; beyond a bound the user's next subscription finds the messages.
/// </summary>
internal sealed class WaitingNotices(ClusterNode cluster)
{
    private const int UntoldMax = 10_000;

    private readonly HashSet<(int Server, string User, string Queue)> _untold = [];

    public void Tell(int server, string user, string queue)
    {
        var notice = new Notice
        {
            Kind = RelayKind.Waiting,
            A = Encoding.UTF8.GetBytes(user),
            B = Encoding.UTF8.GetBytes(queue),
        };
        if (!cluster.TrySend(server, notice))
        {
            NotTold(server, user, queue);
        }
    }

    /// <summary>A notice did not arrive, or perhaps not.</summary>
    public void NotTold(int server, string user, string queue)
    {
        lock (_untold)
        {
            if (_untold.Count < UntoldMax)
            {
                _untold.Add((server, user, queue));
            }
        }
    }

    /// <summary>Tries again what could not be told. Called when the relay is up, and from time to time.</summary>
    public void TellAgain()
    {
        (int Server, string User, string Queue)[] untold;
        lock (_untold)
        {
            if (_untold.Count == 0)
            {
                return;
            }

            untold = [.. _untold];
            _untold.Clear();
        }

        // Of a dead one the queues are taken over.
        foreach (var (server, user, queue) in untold.Where(u => cluster.IsAlive(u.Server)))
        {
            Tell(server, user, queue);
        }
    }
}
