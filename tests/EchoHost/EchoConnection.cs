using System.IO.Pipelines;
using FastPush.Protocol;
using FastPush.Protocol.Handshake;
using Microsoft.AspNetCore.Connections;

namespace FastPush.EchoHost;

/// <summary>One client: the upgrade on any path, then <see cref="EchoSession"/> until either side closes.</summary>
internal sealed class EchoConnection : ConnectionHandler
{
    private const int ReceiveBytes = 64 << 10;

    // How long a client that was told its fault may take to close, before the connection is dropped.
    private static readonly TimeSpan ClosePatience = TimeSpan.FromMilliseconds(250);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var incoming = new Incoming(connection.Transport.Input.AsStream(), new byte[ReceiveBytes]);
        var outgoing = connection.Transport.Output;
        try
        {
            if (await UpgradeAsync(incoming, outgoing) && await EchoAsync(incoming, outgoing))
            {
                return;
            }

            // Closing a socket with unread bytes resets it, and the reset can overtake what was written.
            using var patience = new CancellationTokenSource(ClosePatience);
            await incoming.DrainAsync(patience.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or ConnectionResetException)
        {
            await outgoing.CompleteAsync(); // The patience is over, or the client has gone: nothing more is said.
        }
    }

    private static async Task<bool> UpgradeAsync(Incoming incoming, PipeWriter outgoing)
    {
        while (true)
        {
            var status = AnswerUpgrade(incoming, outgoing);
            if (status != ParseStatus.NeedMore)
            {
                await outgoing.FlushAsync();
                return status == ParseStatus.Done;
            }

            if (!await incoming.ReceiveAsync())
            {
                return false;
            }
        }
    }

    private static ParseStatus AnswerUpgrade(Incoming incoming, PipeWriter outgoing)
    {
        var status = UpgradeRequest.TryRead(incoming.Held, ProtocolLimits.Default, out var request, out var consumed, out var fault);
        if (status == ParseStatus.Done && request.IsWebSocketUpgrade)
        {
            outgoing.Advance(UpgradeResponse.WriteAccept(
                outgoing.GetSpan(UpgradeResponse.AcceptBytesMax), request.Key, request.Subprotocol));
            incoming.Drop(consumed);
            return ParseStatus.Done;
        }

        if (status == ParseStatus.NeedMore)
        {
            return status;
        }

        var (code, reason) = (status, fault) switch
        {
            (ParseStatus.Done, _) or (_, ProtocolFault.BadUpgradeVersion) => (426, "Upgrade Required"u8.ToArray()),
            (ParseStatus.TooLarge, _) => (431, "Request Header Fields Too Large"u8.ToArray()),
            _ => (400, "Bad Request"u8.ToArray()),
        };
        outgoing.Advance(UpgradeResponse.WriteRefusal(outgoing.GetSpan(1024), code, reason, default, reason, default));
        return ParseStatus.Malformed;
    }

    private static async Task<bool> EchoAsync(Incoming incoming, PipeWriter outgoing)
    {
        var session = new EchoSession();
        while (true)
        {
            var next = session.Step(incoming, outgoing);
            if (next == EchoStep.Receive)
            {
                if (!await incoming.ReceiveAsync())
                {
                    return true;
                }

                continue;
            }

            await outgoing.FlushAsync();
            if (next != EchoStep.Again)
            {
                return next == EchoStep.Closed;
            }
        }
    }
}
