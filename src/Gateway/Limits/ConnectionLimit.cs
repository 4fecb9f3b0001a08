using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Limits;

/// <summary>
/// Connections of one user, over all servers (<c>FastPush:Limits:ConnectionsPerUser</c>). The newest one goes. When the count cannot be
/// had, it stays: a limit is not worth a user's connection.
/// </summary>
internal static class ConnectionLimit
{
    /// <summary>Looks once the session is open and counted; closes it when it is one too many.</summary>
    public static void Check(Session session)
    {
        var most = session.Node.Options.Limits.ConnectionsPerUser;
        if (most == 0)
        {
            return;
        }

        var counting = session.Node.Presence.CountAsync(session.Principal!.UserId);
        if (counting.IsCompletedSuccessfully)
        {
            CloseIfOver(session, counting.Result, most);
        }
        else
        {
            _ = FinishAsync(session, counting, most);
        }
    }

    private static async Task FinishAsync(Session session, ValueTask<int> counting, int most)
    {
        try
        {
            CloseIfOver(session, await counting, most);
        }
        catch (StoreUnavailableException)
        {
            // The store has said why.
            session.Node.Metrics.Relay.StepPostponed();
        }
        catch (Exception e)
        {
            GatewayLog.ConnectionFailed(session.Node.Log, $"session:{session.Id}", e);
        }
    }

    private static void CloseIfOver(Session session, int connections, int most)
    {
        if (connections > most)
        {
            SessionCloser.Close(
                session,
                CloseReason.RateLimit,
                new CloseNotice
                {
                    Code = 1008,
                    Message = "too many connections",
                    Detail = $"A user may have {most} connections at a time, over all nodes (FastPush:Limits:ConnectionsPerUser).",
                });
        }
    }
}
