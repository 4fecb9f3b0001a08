using System.Buffers;
using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Limits;
using FastPush.Protocol;
using FastPush.Protocol.Handshake;

namespace FastPush.Gateway.Transport;

/// <summary>What becomes of a request for <c>/stomp</c>.</summary>
internal enum UpgradeVerdict
{
    NeedMore,

    /// <summary>Not an upgrade after all: the HTTP server answers it.</summary>
    PassOn,

    Refused,
    Accepted,
}

/// <summary>
/// Reads the upgrade request and decides. A refusal is a complete HTTP response with problem details (RFC 9457), so that every
/// client is told why.
/// </summary>
internal sealed class UpgradeGate(Node node, OriginPolicy origins, DrainHint drain)
{
    /// <summary>
    /// Decides on the head in <paramref name="buffer"/>. The answer for the client (101 or refusal) is written to
    /// <paramref name="response"/>. A valid token proves the connection that <paramref name="entry"/> stands for.
    /// </summary>
    public UpgradeVerdict Decide(
        ReadOnlySpan<byte> buffer, IBufferWriter<byte> response, ConnectionEntry? entry, out Principal? principal, out int consumed)
    {
        principal = null;
        var status = UpgradeRequest.TryRead(buffer, node.ProtocolLimits, out var request, out consumed, out var fault);
        switch (status)
        {
            case ParseStatus.NeedMore:
                return UpgradeVerdict.NeedMore;
            case ParseStatus.Done when !request.IsWebSocketUpgrade:
                return UpgradeVerdict.PassOn;
            case ParseStatus.Done:
                break;
            default:
                var (_, detail, _) = ProtocolFaults.Describe(fault);
                return fault switch
                {
                    ProtocolFault.RequestHeadTooLarge => Refuse(response, 431, "Request Header Fields Too Large", detail),
                    ProtocolFault.BadUpgradeVersion => Refuse(response, 426, "Upgrade Required", detail),
                    _ => Refuse(response, 400, "Bad Request", detail),
                };
        }

        if (node.IsDraining)
        {
            var retry = Encoding.ASCII.GetBytes($"Retry-After: {Math.Max(1, drain.NextRetryAfterMs() / 1000)}\r\n");
            return Refuse(response, 503, "Service Unavailable", "This node is draining. Connect again; another node will answer.", retry);
        }

        if (node.IsStarting)
        {
            var why = $"This node is starting: it waits for {node.StartingFor}. Connect again.";
            return Refuse(response, 503, "Service Unavailable", why, "Retry-After: 1\r\n"u8);
        }

        if (!origins.Allows(request.Origin, request.Host))
        {
            return Refuse(response, 403, "Forbidden", "This origin may not connect (FastPush:Origins).");
        }

        return Authenticate(request, response, entry, out principal);
    }

    /// <summary>The refusal for want of a place.</summary>
    public static UpgradeVerdict RefuseFull(IBufferWriter<byte> response) =>
        Refuse(response, 503, "Service Unavailable", NodeFull.Detail, "Retry-After: 1\r\n"u8);

    private UpgradeVerdict Authenticate(
        in UpgradeRequest request, IBufferWriter<byte> response, ConnectionEntry? entry, out Principal? principal)
    {
        principal = null;
        var token = request.BearerToken;
        var fault = AuthFault.None;
        if (token.IsEmpty && !request.Query.IsEmpty)
        {
            var buffer = new byte[request.Query.Length];
            if (request.TryQuery("token"u8, buffer, out var length))
            {
                token = buffer.AsSpan(0, length);
            }
        }

        if (!token.IsEmpty)
        {
            principal = node.Tokens.Verify(token, out fault);
            if (principal is null)
            {
                var challenge = "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"u8;
                return Refuse(response, 401, "Unauthorized", AuthFaults.Describe(fault), challenge);
            }

            if (entry is not null && !entry.TryProve())
            {
                return RefuseFull(response);
            }
        }

        var span = response.GetSpan(UpgradeResponse.AcceptBytesMax);
        response.Advance(UpgradeResponse.WriteAccept(span, request.Key, request.Subprotocol));
        return UpgradeVerdict.Accepted;
    }

    private static UpgradeVerdict Refuse(
        IBufferWriter<byte> response, int status, string title, string detail, ReadOnlySpan<byte> extraLines = default)
    {
        var titleBytes = Encoding.UTF8.GetBytes(title);
        var detailBytes = Encoding.UTF8.GetBytes(detail);
        var size = UpgradeResponse.RefusalOverheadBytesMax + extraLines.Length + 6 * (titleBytes.Length * 2 + detailBytes.Length);
        var span = response.GetSpan(size);
        response.Advance(UpgradeResponse.WriteRefusal(span, status, titleBytes, extraLines, titleBytes, detailBytes));
        return UpgradeVerdict.Refused;
    }
}
