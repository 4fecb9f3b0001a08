using System.Text.Json;

namespace FastPush.Gateway.Auth;

/// <summary>
/// Which destinations a principal may subscribe and publish to: the patterns of the <c>channels</c> claim. A final <c>*</c>
/// stands for the rest of the name, an empty rest included; a pattern without it is a whole name. Immutable and shared.
/// </summary>
internal sealed class Acl
{
    public const int PatternsMax = 256;
    public const int PatternBytesMax = 256;

    /// <summary>Of a token without the claim: nothing but one's own queues.</summary>
    public static readonly Acl None = new([], []);

    // Each pattern is one byte of length less 1, then its bytes: two arrays in all, however many patterns.
    private readonly byte[] subscribe;
    private readonly byte[] publish;

    private Acl(byte[] subscribe, byte[] publish)
    {
        this.subscribe = subscribe;
        this.publish = publish;
    }

    private static ReadOnlySpan<byte> OwnQueues => "/user/queue/"u8;

    public bool MaySubscribe(ReadOnlySpan<byte> destination) =>
        (destination.Length > OwnQueues.Length && destination.StartsWith(OwnQueues)) || Matches(subscribe, destination);

    /// <summary>There is some destination that it may publish to.</summary>
    public bool MayPublishAnything => publish.Length > 0;

    public bool MayPublish(ReadOnlySpan<byte> destination) => Matches(publish, destination);

    /// <summary>
    /// Reads the claim's value: an object whose <c>subscribe</c> and <c>publish</c> are arrays of strings. Takes JSON that was
    /// read without a fault before. False: not of that form, or over a limit.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> json, out Acl acl)
    {
        acl = None;
        var reader = new Utf8JsonReader(json, JwtJson.Options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        byte[]? subscribe = null;
        byte[]? publish = null;
        var patterns = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isSubscribe = reader.ValueTextEquals("subscribe"u8);
            var isPublish = reader.ValueTextEquals("publish"u8);
            reader.Read();
            if (!isSubscribe && !isPublish)
            {
                reader.Skip();
                continue;
            }

            ref var list = ref isSubscribe ? ref subscribe : ref publish;
            if (list is not null || !TryReadPatterns(ref reader, ref patterns, out list))
            {
                return false;
            }
        }

        acl = new Acl(subscribe ?? [], publish ?? []);
        return true;
    }

    private static bool TryReadPatterns(ref Utf8JsonReader reader, ref int patterns, out byte[]? list)
    {
        list = null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        using var packed = new MemoryStream();
        Span<byte> pattern = stackalloc byte[PatternBytesMax * JwtJson.EscapedBytesPerByte];
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            if (reader.ValueSpan.Length > pattern.Length)
            {
                return false;
            }

            var length = reader.CopyString(pattern);
            var star = pattern[..length].IndexOf((byte)'*');
            if (length is 0 or > PatternBytesMax || (star >= 0 && star != length - 1) || ++patterns > PatternsMax)
            {
                return false;
            }

            packed.WriteByte((byte)(length - 1));
            packed.Write(pattern[..length]);
        }

        list = packed.ToArray();
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private static bool Matches(ReadOnlySpan<byte> list, ReadOnlySpan<byte> destination)
    {
        while (!list.IsEmpty)
        {
            var length = list[0] + 1;
            var pattern = list.Slice(1, length);
            if (pattern[^1] == (byte)'*' ? destination.StartsWith(pattern[..^1]) : destination.SequenceEqual(pattern))
            {
                return true;
            }

            list = list[(1 + length)..];
        }

        return false;
    }
}
