using System.Buffers;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Handshake;
using Microsoft.AspNetCore.Connections;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Connection middleware in front of Kestrel's HTTP server: an upgrade of <c>GET /stomp</c>, be it a connection's first request or a later
/// one, goes to <see cref="StompConnectionHandler"/>; everything in front of it goes on untouched.
/// </summary>
internal sealed class StompMiddleware(Node node, UpgradeGate gate, HandshakeWatch watch, StompConnectionHandler handler)
{
    public async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var verdict = await DecideAsync(connection, isFirst: true);
        if (verdict == UpgradeVerdict.PassOn && await ServeAsync(connection, next))
        {
            verdict = await DecideAsync(connection, isFirst: false);
        }

        if (verdict == UpgradeVerdict.Accepted)
        {
            await handler.OnConnectedAsync(connection);
        }
    }

    // HTTP, up to an upgrade if one comes.
    private async ValueTask<bool> ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        connection.Transport = new WholeInput(connection.Transport);
        var requests = new UpgradeWatch(connection, node.ProtocolLimits, watch);
        try
        {
            await next(connection);
            return requests.HasUpgrade;
        }
        finally
        {
            requests.Leave();
        }
    }

    private async ValueTask<UpgradeVerdict> DecideAsync(ConnectionContext connection, bool isFirst)
    {
        var deciding = new Deciding(connection);
        watch.Add(deciding.Abort);
        try
        {
            return await DecideAsync(connection, isFirst, node.Clock.NowMs);
        }
        catch (Exception e) when (e is IOException or ConnectionAbortedException or OperationCanceledException)
        {
            return UpgradeVerdict.Refused; // Gone before it said anything.
        }
        finally
        {
            deciding.Done();
        }
    }

    private async ValueTask<UpgradeVerdict> DecideAsync(ConnectionContext connection, bool isFirst, long sinceMs)
    {
        var input = connection.Transport.Input;
        var entry = connection.Features.Get<ConnectionEntry>();
        while (true)
        {
            var result = await input.ReadAsync();
            var verdict = Look(result.Buffer, entry, out var consumed, out var principal, out var response);
            if (verdict == UpgradeVerdict.NeedMore && !result.IsCompleted)
            {
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            switch (verdict)
            {
                case UpgradeVerdict.Accepted:
                    connection.Features.Set(new AcceptedUpgrade(principal, response.ToArray(), sinceMs, isFirst));
                    input.AdvanceTo(result.Buffer.GetPosition(consumed));
                    return verdict;
                case UpgradeVerdict.Refused:
                    input.AdvanceTo(result.Buffer.End);
                    await connection.Transport.Output.WriteAsync(response);
                    return verdict;
                default:
                    // Nothing consumed and nothing examined: the HTTP server reads the same bytes at once.
                    input.AdvanceTo(result.Buffer.Start, result.Buffer.Start);
                    return UpgradeVerdict.PassOn;
            }
        }
    }

    private UpgradeVerdict Look(
        in ReadOnlySequence<byte> buffer,
        ConnectionEntry? entry,
        out int consumed,
        out Principal? principal,
        out ReadOnlyMemory<byte> response)
    {
        if (buffer.IsSingleSegment)
        {
            return Look(buffer.FirstSpan, entry, out consumed, out principal, out response);
        }

        var length = (int)Math.Min(buffer.Length, node.Options.Limits.UpgradeHeadBytes + 1);
        var joined = BytePool.Rent(length);
        buffer.Slice(0, length).CopyTo(joined);
        var verdict = Look(joined.AsSpan(0, length), entry, out consumed, out principal, out response);
        BytePool.Return(joined);
        return verdict;
    }

    private UpgradeVerdict Look(
        ReadOnlySpan<byte> buffer,
        ConnectionEntry? entry,
        out int consumed,
        out Principal? principal,
        out ReadOnlyMemory<byte> response)
    {
        consumed = 0;
        principal = null;
        response = default;
        switch (UpgradeSniffer.Classify(buffer))
        {
            case RequestKind.NeedMore:
                return UpgradeVerdict.NeedMore;
            case RequestKind.Other:
                return UpgradeVerdict.PassOn;
            default:
                break;
        }

        var writer = new ArrayBufferWriter<byte>(UpgradeResponse.AcceptBytesMax);
        var verdict = gate.Decide(buffer, writer, entry, out principal, out consumed);
        response = writer.WrittenMemory;
        return verdict;
    }

    // Lets go of the connection once it has decided: the watch holds this for the whole time-out.
    private sealed class Deciding(ConnectionContext connection)
    {
        private ConnectionContext? _connection = connection;

        public void Done() => _connection = null;

        public void Abort() => _connection?.Abort(new ConnectionAbortedException("no request came in time"));
    }
}
