using FastPush.Gateway.Sessions;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// What commands cost. Each takes a token of a bucket that all connections of its user share, unless something else pays for it: a SEND
/// costs a token of the message rate, an ACK that settles deliveries was paid for by their publishers. WebSocket frames without a command
/// (pings, pongs, heart-beats, empty messages) cost as much. The first few of a connection are part of its connecting, which costs more.
/// </summary>
internal static class CommandRate
{
    /// <summary>So many cost nothing on each connection.</summary>
    public const int FreePerConnection = 8;

    // An ACK or NACK that has to look at more costs a token for each started so many.
    private const int LooksPerToken = 256;

    /// <summary>Tokens of a command that looked, or has to look, at so many places.</summary>
    public static int TokensFor(long looks) => (int)Math.Min(1 + (looks / LooksPerToken), 1000);

    /// <summary>Takes tokens; false when there are none: the connection is then closed.</summary>
    public static bool TryTake(StompConnection connection, in StompFrame frame, int tokens = 1)
    {
        if (connection.FreeCommands >= tokens)
        {
            connection.FreeCommands -= (byte)tokens;
            return true;
        }

        var session = connection.Session;
        var limits = connection.Node.Options.Limits;
        if (limits.CommandsPerSecond == 0 || session.State >= SessionState.Closing)
        {
            return true;
        }

        if (session.Principal is { } principal)
        {
            var (burst, perSecond) = limits.CommandRateOf(principal.Burst, principal.PerSecond);
            if (session.User!.Commands.TryTake(session.LastInputMs, burst, perSecond, tokens))
            {
                return true;
            }
        }

        connection.Fail(
            frame,
            CloseReason.RateLimit,
            new CloseNotice
            {
                Code = 1008,
                Message = "rate limit",
                Detail = $"This user may send bursts of {limits.CommandBurst} commands beside messages, and {limits.CommandsPerSecond} a "
                    + "second: SUBSCRIBE, UNSUBSCRIBE, NACK, BEGIN, COMMIT, ABORT, ACKs that settle nothing, pings and heart-beats.",
            });
        return false;
    }

    /// <summary>The same for BEGIN, COMMIT and ABORT: they cost nothing where SENDs cost nothing, and do less.</summary>
    public static bool TryTakeTransaction(StompConnection connection, in StompFrame frame) =>
        connection.Session.Principal is { PerSecond: <= 0 } || TryTake(connection, frame);
}
