using System.Buffers.Text;
using System.Globalization;
using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Stomp;

/// <summary>CONNECT and STOMP: version, identity, heart-beats (STOMP 1.2, "Connecting").</summary>
internal static class ConnectCommand
{
    private static readonly byte[] s_server = "FastPush/1"u8.ToArray();

    public static void Handle(StompConnection connection, in StompFrame frame)
    {
        if (!TryNegotiate(frame, out var version))
        {
            connection.Fail(
                frame,
                CloseReason.Protocol,
                new CloseNotice
                {
                    Code = 1002,
                    Message = "version not supported",
                    Detail = "Supported protocol versions are 1.0 1.1 1.2",
                    NamesVersions = true,
                });
            return;
        }

        if (!TryHeartBeat(frame, out var clientSends, out var clientWants))
        {
            StompCommands.Refuse(
                connection, frame, CloseReason.Protocol, 1002, "bad heart-beat", "heart-beat is two decimal numbers of milliseconds.");
            return;
        }

        if (Authenticate(connection, frame) is not { } principal)
        {
            return;
        }

        var node = connection.Node;
        var session = connection.Session;
        if (!session.Link.TryProve())
        {
            StompCommands.Refuse(connection, frame, CloseReason.Overload, 1013, "overload", NodeFull.Detail);
            return;
        }

        connection.Version = version;
        session.Format = version switch
        {
            StompVersion.V10 => WireFormat.Stomp10,
            StompVersion.V11 => WireFormat.Stomp11,
            _ => WireFormat.Stomp12,
        };

        // STOMP 1.2, "Heart-beating": each direction runs at the slower of what one side can and the other wants.
        var options = node.Options.HeartBeat;
        var sendEvery = options.SendMs > 0 && clientWants > 0 ? Math.Max(options.SendMs, clientWants) : 0;
        var expectEvery = options.WantMs > 0 && clientSends > 0 ? Math.Max(options.WantMs, clientSends) : 0;
        session.ScheduleHeartBeats(sendEvery, expectEvery);

        // Before the session opens: from then on heart-beats may go out, behind this.
        Span<byte> answer = stackalloc byte[512];
        Span<byte> id = stackalloc byte[24];
        Utf8Formatter.TryFormat(session.Id, id, out var idLength);
        Span<byte> user = stackalloc byte[256];
        Encoding.UTF8.TryGetBytes(principal.UserId, user, out var userLength);
        var length = FrameWriter.WriteConnected(
            answer, version, id[..idLength], s_server, options.SendMs, options.WantMs, user[..userLength]);
        connection.Reply(answer[..length]);
        if (session.Open(principal))
        {
            Receipt(connection, frame);
            ConnectionLimit.Check(session);
        }
    }

    private static void Receipt(StompConnection connection, in StompFrame frame)
    {
        if (frame.TryGet(HeaderName.Receipt, out var receipt))
        {
            StompCommands.Answer(connection, EscapedReceipt(receipt, connection.Version), 0);
        }
    }

    /// <summary>CONNECT's headers are never escaped (STOMP 1.2, "Value Encoding"), those of RECEIPT and ERROR are.</summary>
    public static ReadOnlySpan<byte> EscapedReceipt(ReadOnlySpan<byte> receipt, StompVersion version)
    {
        if (HeaderText.EscapedSize(receipt, version) == receipt.Length)
        {
            return receipt;
        }

        var escaped = new byte[receipt.Length * 2];
        return escaped.AsSpan(0, HeaderText.Escape(receipt, version, escaped));
    }

    /// <summary>Puts a new token in the place of the old one (SEND to <c>/fastpush/token</c>). False when it was refused.</summary>
    public static bool Refresh(StompConnection connection, in StompFrame frame)
    {
        if (Verify(connection, frame, frame.Body) is not { } principal)
        {
            return false;
        }

        if (principal.UserId != connection.Session.Principal!.UserId)
        {
            Refuse(connection, frame, "The new token is another user's.");
            return false;
        }

        connection.Session.Renew(principal);
        return true;
    }

    private static bool TryNegotiate(in StompFrame frame, out StompVersion version)
    {
        version = StompVersion.V10;
        if (!frame.TryGet(HeaderName.AcceptVersion, out var accepted))
        {
            return true; // STOMP 1.0 clients do not send it.
        }

        var found = false;
        foreach (var range in accepted.Split((byte)','))
        {
            var offered = accepted[range].Trim((byte)' ');
            StompVersion? known = offered.SequenceEqual("1.2"u8) ? StompVersion.V12
                : offered.SequenceEqual("1.1"u8) ? StompVersion.V11
                : offered.SequenceEqual("1.0"u8) ? StompVersion.V10
                : null;
            if (known is { } candidate && (!found || candidate > version))
            {
                version = candidate;
                found = true;
            }
        }

        return found;
    }

    private static bool TryHeartBeat(in StompFrame frame, out int sends, out int wants)
    {
        sends = wants = 0;
        if (!frame.TryGet(HeaderName.HeartBeat, out var value))
        {
            return true;
        }

        var comma = value.IndexOf((byte)',');
        return comma > 0
            && int.TryParse(value[..comma].Trim((byte)' '), NumberStyles.None, CultureInfo.InvariantCulture, out sends)
            && int.TryParse(value[(comma + 1)..].Trim((byte)' '), NumberStyles.None, CultureInfo.InvariantCulture, out wants);
    }

    private static Principal? Authenticate(StompConnection connection, in StompFrame frame)
    {
        if (connection.UpgradePrincipal is { } known)
        {
            return known;
        }

        if (!frame.TryGet(HeaderName.Authorization, out var token) && !frame.TryGet(HeaderName.Passcode, out token))
        {
            Refuse(
                connection,
                frame,
                "A token is needed: Authorization or ?token= of the upgrade, or Authorization or passcode of CONNECT.");
            return null;
        }

        return Verify(connection, frame, token);
    }

    private static Principal? Verify(StompConnection connection, in StompFrame frame, ReadOnlySpan<byte> token)
    {
        if (token.Length > 7 && Ascii.EqualsIgnoreCase(token[..7], "Bearer "u8))
        {
            token = token[7..].Trim((byte)' ');
        }

        var principal = connection.Node.Tokens.Verify(token, out var fault);
        if (principal is null)
        {
            Refuse(connection, frame, AuthFaults.Describe(fault));
        }

        return principal;
    }

    private static void Refuse(StompConnection connection, in StompFrame frame, string detail) =>
        StompCommands.Refuse(connection, frame, CloseReason.Unauthorized, 1008, "unauthorized", detail);
}
