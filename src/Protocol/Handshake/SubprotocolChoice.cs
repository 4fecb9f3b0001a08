using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Handshake;

/// <summary>The WebSocket subprotocols of STOMP, and which of those offered to take.</summary>
public static class SubprotocolChoice
{
    /// <summary>The newest version among <paramref name="offered"/>, the value of a <c>Sec-WebSocket-Protocol</c> line; null if it has none.</summary>
    public static StompVersion? Best(ReadOnlySpan<byte> offered)
    {
        StompVersion? best = null;
        var tokens = new TokenList(offered);
        while (tokens.TryNext(out var token))
        {
            best = Newer(best, VersionOf(token));
        }

        return best;
    }

    /// <summary>The subprotocol's name on the wire.</summary>
    public static ReadOnlySpan<byte> NameOf(StompVersion version) => version switch
    {
        StompVersion.V12 => "v12.stomp"u8,
        StompVersion.V11 => "v11.stomp"u8,
        _ => "v10.stomp"u8,
    };

    internal static StompVersion? Newer(StompVersion? one, StompVersion? other) => one is null || other > one ? other : one;

    // RFC 6455 section 4.1: the names are compared as they stand, and the response must repeat one exactly.
    private static StompVersion? VersionOf(ReadOnlySpan<byte> token) =>
        token.SequenceEqual("v12.stomp"u8) ? StompVersion.V12
        : token.SequenceEqual("v11.stomp"u8) ? StompVersion.V11
        : token.SequenceEqual("v10.stomp"u8) ? StompVersion.V10
        : null;
}
