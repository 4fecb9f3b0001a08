using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace FastPush.Gateway.Auth;

/// <summary>The claims of a token (RFC 7519 section 4.1, and FastPush's own), read but not yet judged by the clock.</summary>
internal ref struct JwtClaims
{
    /// <summary>End of the year 9999: later is milliseconds taken for seconds, or worse.</summary>
    private const double SecondsMax = 253_402_300_799;

    private static readonly string[] NoRoles = [];

    /// <summary><c>exp</c> in Unix milliseconds; null: missing.</summary>
    public long? ExpiresAtMs;

    /// <summary>The later of <c>nbf</c> and <c>iat</c> in Unix milliseconds; 0: neither.</summary>
    public long ValidFromMs;

    public bool IssuerMatches;
    public bool AudienceMatches;
    public string? Subject;

    /// <summary>The value of <c>channels</c> as JSON; empty: missing.</summary>
    public ReadOnlySpan<byte> Channels;
    public RateClaim Rate;
    public string[] Roles;

    /// <summary>A claim is not of its type or range.</summary>
    public bool Bad;

    private Seen seen;

    /// <summary>Registered claims and our own: each at most once.</summary>
    [Flags]
    private enum Seen
    {
        Exp = 1,
        Nbf = 2,
        Iat = 4,
        Iss = 8,
        Aud = 16,
        Sub = 32,
        Jti = 64,
        Channels = 128,
        Rate = 256,
        Roles = 512,
    }

    /// <summary>False: not a JSON object in UTF-8, nested too deep, or one of the claims above is there twice.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> audience, out JwtClaims claims)
    {
        claims = new JwtClaims { Rate = RateClaim.Default, Roles = NoRoles };
        if (!Utf8.IsValid(json))
        {
            return false;
        }

        try
        {
            return claims.TryReadMembers(json, issuer, audience);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Utf8JsonReader has no other way to say so. InvalidOperationException: an escaped half of a surrogate pair.
            return false;
        }
    }

    private bool TryReadMembers(ReadOnlySpan<byte> json, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> audience)
    {
        var reader = new Utf8JsonReader(json, JwtJson.Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var claim = Name(in reader);
            if ((seen & claim) != 0)
            {
                return false;
            }

            seen |= claim;
            reader.Read();
            Bad |= !TryReadValue(claim, ref reader, json, issuer, audience);
        }

        // Past the object: throws on anything but white space.
        reader.Read();
        return true;
    }

    private static Seen Name(in Utf8JsonReader reader) =>
        reader.ValueTextEquals("exp"u8) ? Seen.Exp
        : reader.ValueTextEquals("nbf"u8) ? Seen.Nbf
        : reader.ValueTextEquals("iat"u8) ? Seen.Iat
        : reader.ValueTextEquals("iss"u8) ? Seen.Iss
        : reader.ValueTextEquals("aud"u8) ? Seen.Aud
        : reader.ValueTextEquals("sub"u8) ? Seen.Sub
        : reader.ValueTextEquals("jti"u8) ? Seen.Jti
        : reader.ValueTextEquals("channels"u8) ? Seen.Channels
        : reader.ValueTextEquals("rate"u8) ? Seen.Rate
        : reader.ValueTextEquals("roles"u8) ? Seen.Roles
        : 0;

    /// <summary>Leaves the reader on the value's last token, whatever the answer.</summary>
    private bool TryReadValue(
        Seen claim, ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> audience)
    {
        bool good;
        switch (claim)
        {
            case Seen.Exp:
                good = TryReadTime(in reader, out var expiresAtMs);
                ExpiresAtMs = expiresAtMs;
                break;
            case Seen.Nbf or Seen.Iat:
                good = TryReadTime(in reader, out var validFromMs);
                ValidFromMs = Math.Max(ValidFromMs, validFromMs);
                break;
            case Seen.Iss:
                good = reader.TokenType == JsonTokenType.String;
                IssuerMatches = good && reader.ValueTextEquals(issuer);
                break;
            case Seen.Aud:
                return TryReadAudience(ref reader, audience);
            case Seen.Sub:
                good = TryReadSubject(in reader, out Subject);
                break;
            case Seen.Channels:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Channels = json[start..(int)reader.BytesConsumed];
                return true;
            case Seen.Rate:
                return RateClaim.TryRead(ref reader, out Rate);
            case Seen.Roles:
                ReadRoles(ref reader);
                return true;
            default:
                good = true;
                break;
        }

        reader.Skip();
        return good;
    }

    // NumericDate (RFC 7519 section 2): seconds, perhaps with a fraction.
    private static bool TryReadTime(in Utf8JsonReader reader, out long unixMs)
    {
        unixMs = 0;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var seconds) || seconds is not (>= 0 and <= SecondsMax))
        {
            return false;
        }

        unixMs = (long)Math.Floor(seconds * 1000);
        return true;
    }

    private bool TryReadAudience(ref Utf8JsonReader reader, ReadOnlySpan<byte> audience)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            AudienceMatches = reader.ValueTextEquals(audience);
            return true;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var good = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var isString = reader.TokenType == JsonTokenType.String;
            AudienceMatches |= isString && reader.ValueTextEquals(audience);
            good &= isString;
            reader.Skip();
        }

        return good;
    }

    private static bool TryReadSubject(in Utf8JsonReader reader, out string? subject)
    {
        subject = null;
        if (reader.TokenType != JsonTokenType.String
            || reader.ValueSpan.Length > Principal.UserIdBytesMax * JwtJson.EscapedBytesPerByte)
        {
            return false;
        }

        Span<char> text = stackalloc char[Principal.UserIdBytesMax * JwtJson.EscapedBytesPerByte];
        text = text[..reader.CopyString(text)];
        if (!Principal.IsUserId(text))
        {
            return false;
        }

        subject = text.ToString();
        return true;
    }

    // One string or a list of them, as issuers write it (RFC 7643 section 4.1.2 and RFC 9068 section 2.2.3.1 name the claim, not its form).
    // It only ever adds rights, so what is of another form, or a role of somebody else's, adds none and locks nobody out.
    private void ReadRoles(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            AddRole(in reader);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    AddRole(in reader);
                }

                reader.Skip();
            }
        }
        else
        {
            reader.Skip();
        }
    }

    private void AddRole(in Utf8JsonReader reader)
    {
        foreach (var role in Principal.Roles)
        {
            if (reader.ValueTextEquals(role) && !Roles.Contains(role))
            {
                Roles = [.. Roles, role];
            }
        }
    }
}
