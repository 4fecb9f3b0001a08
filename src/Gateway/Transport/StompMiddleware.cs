using System.Buffers;
using FastPush.Gateway.Lifecycle;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Handshake;
using Microsoft.AspNetCore.Connections;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Connection middleware in front of Kestrel's HTTP server: a connection whose first request is an upgrade of <c>GET /stomp</c> goes to
/// <see cref="StompConnectionHandler"/>; any other goes on untouched.
/// </summary>
internal sealed class StompMiddleware(Node node, UpgradeGate gate, HandshakeWatch watch, StompConnectionHandler handler)
{
    public async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var deciding = new Deciding(connection);
        watch.Add(deciding.Abort);
        UpgradeVerdict verdict;
        try
        {
            verdict = await DecideAsync(connection);
        }
        catch (Exception e) when (e is IOException or ConnectionAbortedException or OperationCanceledException)
        {
            return; // Gone before it said anything.
        }
        finally
        {
            deciding.Done();
        }

        switch (verdict)
        {
            case UpgradeVerdict.Accepted:
                await handler.OnConnectedAsync(connection);
                break;
            case UpgradeVerdict.PassOn:
                await next(connection);
                break;
            default:
                break;
        }
    }

    private async ValueTask<UpgradeVerdict> DecideAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var result = await input.ReadAsync();
            var verdict = Look(connection, result.Buffer, out var consumed, out var response);
            if (verdict == UpgradeVerdict.NeedMore && !result.IsCompleted)
            {
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            switch (verdict)
            {
                case UpgradeVerdict.Accepted:
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
        ConnectionContext connection, in ReadOnlySequence<byte> buffer, out int consumed, out ReadOnlyMemory<byte> response)
    {
        consumed = 0;
        response = default;
        if (buffer.IsSingleSegment)
        {
            return Look(connection, buffer.FirstSpan, out consumed, out response);
        }

        var length = (int)Math.Min(buffer.Length, node.Options.Limits.UpgradeHeadBytes + 1);
        var joined = BytePool.Rent(length);
        buffer.Slice(0, length).CopyTo(joined);
        var verdict = Look(connection, joined.AsSpan(0, length), out consumed, out response);
        BytePool.Return(joined);
        return verdict;
    }

    private UpgradeVerdict Look(
        ConnectionContext connection, ReadOnlySpan<byte> buffer, out int consumed, out ReadOnlyMemory<byte> response)
    {
        consumed = 0;
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
        var verdict = gate.Decide(buffer, writer, out var principal, out consumed);
        if (verdict == UpgradeVerdict.Accepted)
        {
            connection.Features.Set(new AcceptedUpgrade(principal, writer.WrittenSpan.ToArray()));
        }

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
