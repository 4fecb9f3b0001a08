using System.Text.Json;
using System.Text.Unicode;

namespace FastPush.Gateway.Auth;

/// <summary>Reads a JWS header (RFC 7515 section 4): which key, and that nothing but RS256 is asked for.</summary>
internal static class JwtHeader
{
    /// <summary>Room for a kid of the largest size with every byte escaped.</summary>
    public const int KidBufferBytes = JwksReader.KidBytesMax * JwtJson.EscapedBytesPerByte;

    private const int MembersMax = 32;

    /// <summary>
    /// <paramref name="kidBytes"/> counts the bytes put into <paramref name="kid"/>; -1 when the header names no key.
    /// Members that would bring a key along or say where to fetch one (jwk, jku, x5c, x5u) and b64 have no effect.
    /// </summary>
    public static AuthFault Read(ReadOnlySpan<byte> json, Span<byte> kid, out int kidBytes)
    {
        kidBytes = -1;
        if (!Utf8.IsValid(json))
        {
            return AuthFault.Malformed;
        }

        try
        {
            return ReadMembers(json, kid, out kidBytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Utf8JsonReader has no other way to say so. InvalidOperationException: an escaped half of a surrogate pair.
            return AuthFault.Malformed;
        }
    }

    private static AuthFault ReadMembers(ReadOnlySpan<byte> json, Span<byte> kid, out int kidBytes)
    {
        kidBytes = -1;
        var reader = new Utf8JsonReader(json, JwtJson.Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return AuthFault.Malformed;
        }

        Span<Range> names = stackalloc Range[MembersMax];
        var count = 0;
        var rightAlgorithm = false;
        var kidTooLong = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // No issuer escapes a member's name; refusing it lets names be compared by their bytes.
            if (count == MembersMax || reader.ValueIsEscaped || reader.ValueSpan.SequenceEqual("crit"u8))
            {
                return AuthFault.Malformed;
            }

            var name = reader.ValueSpan;
            foreach (var earlier in names[..count])
            {
                if (name.SequenceEqual(json[earlier]))
                {
                    return AuthFault.Malformed;
                }
            }

            var start = (int)reader.TokenStartIndex + 1;
            names[count++] = new Range(start, start + name.Length);
            reader.Read();
            if (name.SequenceEqual("alg"u8))
            {
                rightAlgorithm = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("RS256"u8);
            }
            else if (name.SequenceEqual("kid"u8))
            {
                if (reader.TokenType != JsonTokenType.String)
                {
                    return AuthFault.Malformed;
                }

                kidTooLong = reader.ValueSpan.Length > kid.Length;
                kidBytes = kidTooLong ? 0 : reader.CopyString(kid);
            }

            reader.Skip();
        }

        reader.Read();
        return !rightAlgorithm ? AuthFault.WrongAlgorithm : kidTooLong ? AuthFault.UnknownKey : AuthFault.None;
    }
}
