using System.Text;

namespace FastPush.Protocol.Handshake;

/// <summary>Walks a comma-separated list of RFC 9110 section 5.6.1; empty elements count for nothing.</summary>
internal ref struct TokenList(ReadOnlySpan<byte> list)
{
    private ReadOnlySpan<byte> _rest = list;

    /// <summary>Takes the next element, without the white space around it; false at the end.</summary>
    public bool TryNext(out ReadOnlySpan<byte> token)
    {
        while (!_rest.IsEmpty)
        {
            var comma = _rest.IndexOf((byte)',');
            token = (comma < 0 ? _rest : _rest[..comma]).Trim(" \t"u8);
            _rest = comma < 0 ? default : _rest[(comma + 1)..];
            if (!token.IsEmpty)
            {
                return true;
            }
        }

        token = default;
        return false;
    }

    /// <summary>Whether <paramref name="list"/> holds <paramref name="wanted"/>, without regard to case.</summary>
    public static bool Contains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> wanted)
    {
        var tokens = new TokenList(list);
        while (tokens.TryNext(out var token))
        {
            if (Ascii.EqualsIgnoreCase(token, wanted))
            {
                return true;
            }
        }

        return false;
    }
}
