using System.Buffers;
using System.Text;

namespace FastPush.Gateway.Auth;

/// <summary>
/// Which web pages may open a connection: the <c>Origin</c> header (RFC 6454 section 7, RFC 6455 section 10.2) against
/// <c>FastPush:Origins</c>. Pages of this host may always, beside those of the list; <c>*</c> means any. The same for CORS
/// (<see cref="Http.CrossOrigin"/>).
/// </summary>
internal sealed class OriginPolicy
{
    public const string Section = "FastPush:Origins";

    private static readonly SearchValues<char> NeverInAuthority = SearchValues.Create("/?#@\\*");

    private readonly byte[][] allowed;

    /// <param name="origins">Validated: <c>*</c> or <c>scheme://host[:port]</c>.</param>
    public OriginPolicy(IReadOnlyList<string> origins)
    {
        AllowsAny = origins.Contains("*");
        allowed = [.. origins.Select(Encoding.ASCII.GetBytes)];
    }

    public bool AllowsAny { get; }

    /// <summary>Every fault of the list as "key: what is wrong".</summary>
    public static IEnumerable<string> Validate(IReadOnlyList<string> origins)
    {
        for (var i = 0; i < origins.Count; i++)
        {
            if (origins[i] != "*" && !IsOrigin(origins[i]))
            {
                yield return $"{Section}:{i}: \"{origins[i]}\" is neither * nor scheme://host[:port] in ASCII, without a path";
            }
        }
    }

    /// <summary>
    /// Takes the values of the two headers, empty if missing. Without Origin the client is no browser, and the token alone decides.
    /// </summary>
    public bool Allows(ReadOnlySpan<byte> origin, ReadOnlySpan<byte> host) => origin.IsEmpty || AllowsAny || Names(origin, host);

    /// <summary>It is this host's, or one that the list names: <c>*</c> names none.</summary>
    public bool Names(ReadOnlySpan<byte> origin, ReadOnlySpan<byte> host)
    {
        if (!TrySplit(origin, out var scheme, out var authority))
        {
            return false;
        }

        var defaultPort = DefaultPort(scheme);
        authority = WithoutPort(authority, defaultPort);
        if (!authority.IsEmpty && Ascii.EqualsIgnoreCase(authority, WithoutPort(host, defaultPort)))
        {
            return true;
        }

        foreach (var candidate in allowed)
        {
            if (TrySplit(candidate, out var candidateScheme, out var candidateAuthority)
                && Ascii.EqualsIgnoreCase(scheme, candidateScheme)
                && Ascii.EqualsIgnoreCase(authority, WithoutPort(candidateAuthority, defaultPort)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOrigin(string text) =>
        Ascii.IsValid(text)
        && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0
        && text.IndexOf("://", StringComparison.Ordinal) is > 0 and var colon
        && !text.AsSpan(colon + 3).ContainsAny(NeverInAuthority)
        && !text.EndsWith(':');

    private static bool TrySplit(ReadOnlySpan<byte> origin, out ReadOnlySpan<byte> scheme, out ReadOnlySpan<byte> authority)
    {
        var colon = origin.IndexOf("://"u8);
        scheme = colon > 0 ? origin[..colon] : default;
        authority = colon > 0 ? origin[(colon + 3)..] : default;
        return colon > 0;
    }

    private static ReadOnlySpan<byte> DefaultPort(ReadOnlySpan<byte> scheme) =>
        Ascii.EqualsIgnoreCase(scheme, "http"u8) ? ":80"u8
        : Ascii.EqualsIgnoreCase(scheme, "https"u8) ? ":443"u8
        : default;

    // Browsers leave the default port out of Origin and Host, people may write it into the configuration. A bare IPv6 address
    // cannot be cut by mistake: in both headers it stands in brackets.
    private static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> authority, ReadOnlySpan<byte> port) =>
        !port.IsEmpty && authority.EndsWith(port) ? authority[..^port.Length] : authority;
}
