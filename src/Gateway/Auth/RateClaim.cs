using System.Text.Json;

namespace FastPush.Gateway.Auth;

/// <summary>The <c>rate</c> claim: a token bucket's capacity, and its refill a second (0: no limit).</summary>
internal readonly record struct RateClaim(int Burst, double PerSecond)
{
    /// <summary>Above what one connection can carry: more is a mistake in the issuer.</summary>
    private const int Ceiling = 1_000_000;

    public static readonly RateClaim Default = new(100, 10);

    /// <summary>Reads the claim's value and leaves the reader on its last token, whatever the answer.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out RateClaim rate)
    {
        rate = Default;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var good = true;
        int? burst = null;
        double? perSecond = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isBurst = reader.ValueTextEquals("burst"u8);
            var isPerSecond = reader.ValueTextEquals("perSecond"u8);
            reader.Read();
            var isNumber = reader.TokenType == JsonTokenType.Number;
            if (isBurst)
            {
                good &= burst is null && isNumber && JsonWhole.TryRead(reader.ValueSpan, out var value) && value is >= 1 and <= Ceiling;
                burst = isNumber && JsonWhole.TryRead(reader.ValueSpan, out value) ? value : 0;
            }
            else if (isPerSecond)
            {
                good &= perSecond is null && isNumber && reader.TryGetDouble(out var value) && value is >= 0 and <= Ceiling;
                perSecond = isNumber && reader.TryGetDouble(out value) ? value : 0;
            }

            reader.Skip();
        }

        rate = new RateClaim(burst ?? Default.Burst, perSecond ?? Default.PerSecond);
        return good;
    }
}
