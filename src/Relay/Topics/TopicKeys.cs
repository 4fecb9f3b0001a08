namespace FastPush.Relay.Topics;

/// <summary>Topics by the bytes of their key.</summary>
internal static class TopicKeys
{
    public static readonly IEqualityComparer<byte[]> Comparer = new BytesComparer();

    private sealed class BytesComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
