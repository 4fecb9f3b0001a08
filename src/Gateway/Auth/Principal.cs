using System.Text;

namespace FastPush.Gateway.Auth;

/// <summary>Who a verified token speaks for, and what they may do. Immutable; connections with the same token share it.</summary>
internal sealed class Principal(string userId, long expiresAtMs, Acl acl, RateClaim rate, string[] roles)
{
    public const int UserIdBytesMax = 200;

    /// <summary>The roles that mean something here; a token may hold any others.</summary>
    public static readonly string[] Roles = ["admin", "service"];

    public string UserId { get; } = userId;

    /// <summary><c>exp</c> in Unix milliseconds, without the clock skew that verification allows.</summary>
    public long ExpiresAtMs { get; } = expiresAtMs;

    public Acl Acl { get; } = acl;

    /// <summary>Capacity of the token bucket of what this principal sends, in frames.</summary>
    public int Burst { get; } = rate.Burst;

    /// <summary>Refill of that bucket in frames a second; 0 means no limit.</summary>
    public double PerSecond { get; } = rate.PerSecond;

    public bool IsAdmin => HasRole("admin");

    public bool HasRole(string role) => Array.IndexOf(roles, role) >= 0;

    /// <summary>Whether it fits into <c>/user/{userId}/queue/{name}</c>: 1 to 200 bytes of UTF-8, no control character, no slash.</summary>
    public static bool IsUserId(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > UserIdBytesMax)
        {
            return false;
        }

        var bytes = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var used) != System.Buffers.OperationStatus.Done
                || Rune.IsControl(rune)
                || rune.Value == '/')
            {
                return false;
            }

            bytes += rune.Utf8SequenceLength;
            text = text[used..];
        }

        return bytes <= UserIdBytesMax;
    }
}
