using System.Collections.Concurrent;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// The first lines of MESSAGE frames per subscription id. Clients of one program use the same few ids, so short ones are shared:
/// it saves memory per subscription, and equal arrays let fan-out encode a message once for all of them.
/// </summary>
internal sealed class SubscriptionHeads
{
    private const int SharedIdBytes = 32;
    private const int SharedMax = 4096;

    private readonly ConcurrentDictionary<string, byte[]> _shared = new(StringComparer.Ordinal);

    /// <summary>STOMP 1.0 allows subscriptions without an id; their messages have no <c>subscription</c> header.</summary>
    public static readonly byte[] WithoutId = "MESSAGE\n"u8.ToArray();

    /// <summary>The head for an id as it came, still escaped.</summary>
    public byte[] Get(ReadOnlySpan<byte> id)
    {
        if (id.Length > SharedIdBytes)
        {
            return Make(id);
        }

        var key = System.Text.Encoding.Latin1.GetString(id);
        if (_shared.TryGetValue(key, out var head))
        {
            return head;
        }

        head = Make(id);
        return _shared.Count < SharedMax ? _shared.GetOrAdd(key, head) : head;
    }

    /// <summary>The id in a head.</summary>
    public static ReadOnlySpan<byte> IdOf(byte[] head) =>
        head.Length == WithoutId.Length ? default : head.AsSpan(Prefix.Length, head.Length - Prefix.Length - 1);

    private static ReadOnlySpan<byte> Prefix => "MESSAGE\nsubscription:"u8;

    private static byte[] Make(ReadOnlySpan<byte> id)
    {
        var head = new byte[Prefix.Length + id.Length + 1];
        Prefix.CopyTo(head);
        id.CopyTo(head.AsSpan(Prefix.Length));
        head[^1] = (byte)'\n';
        return head;
    }
}
