using System.Text.Unicode;

namespace FastPush.Protocol.Stomp;

/// <summary>The grammar of destinations.</summary>
public static class Destinations
{
    /// <summary>Longest name and longest user id, in bytes of UTF-8.</summary>
    public const int NameBytesMax = 200;

    private static ReadOnlySpan<byte> TopicStart => "/topic/"u8;

    private static ReadOnlySpan<byte> OwnQueueStart => "/user/queue/"u8;

    private static ReadOnlySpan<byte> UserStart => "/user/"u8;

    private static ReadOnlySpan<byte> QueueStart => "/queue/"u8;

    /// <summary>
    /// Takes a destination apart. Names are 1 to 200 bytes of UTF-8 without control characters (U+0000-001F, U+007F-009F) and may
    /// hold slashes; a user id likewise, but without slashes. <c>/user/queue/...</c> is always one's own queue, so a user whose
    /// id is <c>queue</c> cannot be addressed.
    /// </summary>
    /// <param name="destination">The destination, unescaped.</param>
    /// <param name="kind">What it names; Invalid with false.</param>
    /// <param name="user">The user id of a <see cref="DestinationKind.UserQueue"/>, else empty.</param>
    /// <param name="name">The name of the topic or queue.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> destination, out DestinationKind kind, out ReadOnlySpan<byte> user, out ReadOnlySpan<byte> name)
    {
        user = default;
        name = default;
        kind = Split(destination, out ReadOnlySpan<byte> userPart, out ReadOnlySpan<byte> namePart);
        if (kind == DestinationKind.Invalid || !IsName(namePart) || (kind == DestinationKind.UserQueue && !IsName(userPart)))
        {
            kind = DestinationKind.Invalid;
            return false;
        }

        user = userPart;
        name = namePart;
        return true;
    }

    /// <summary>True for 1 to <see cref="NameBytesMax"/> bytes of UTF-8 without control characters.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is >= 1 and <= NameBytesMax && Utf8.IsValid(name) && !HasControl(name);

    private static DestinationKind Split(
        ReadOnlySpan<byte> destination, out ReadOnlySpan<byte> user, out ReadOnlySpan<byte> name)
    {
        user = default;
        name = default;
        if (destination.StartsWith(TopicStart))
        {
            name = destination[TopicStart.Length..];
            return DestinationKind.Topic;
        }

        if (destination.StartsWith(OwnQueueStart))
        {
            name = destination[OwnQueueStart.Length..];
            return DestinationKind.OwnQueue;
        }

        if (!destination.StartsWith(UserStart))
        {
            return DestinationKind.Invalid;
        }

        ReadOnlySpan<byte> rest = destination[UserStart.Length..];
        int slash = rest.IndexOf((byte)'/');
        if (slash < 0 || !rest[slash..].StartsWith(QueueStart))
        {
            return DestinationKind.Invalid;
        }

        user = rest[..slash];
        name = rest[(slash + QueueStart.Length)..];
        return DestinationKind.UserQueue;
    }

    // U+0080-009F are C2 80 to C2 9F in UTF-8, and C2 is never anything but a first octet.
    private static bool HasControl(ReadOnlySpan<byte> name)
    {
        if (name.IndexOfAnyInRange((byte)0, (byte)0x1F) >= 0 || name.Contains((byte)0x7F))
        {
            return true;
        }

        int at;
        while ((at = name.IndexOf((byte)0xC2)) >= 0)
        {
            if (name[at + 1] <= 0x9F)
            {
                return true;
            }

            name = name[(at + 2)..];
        }

        return false;
    }
}
