namespace FastPush.Gateway.Auth;

/// <summary>
/// Makes principals with the same <c>channels</c> claim share one <see cref="Acl"/>. Bounded: a claim that meets another's
/// slot takes it over, and the other's next principal gets an Acl of its own.
/// </summary>
internal sealed class AclTable
{
    // A deployment has few distinct claims (one per kind of user); if each user has a claim of their own, sharing is void anyway.
    private const int Slots = 1024;

    private readonly Entry?[] entries = new Entry?[Slots];

    public bool TryGet(ReadOnlySpan<byte> channels, out Acl acl)
    {
        var digest = Digest.Of(channels);
        ref var slot = ref entries[digest.Slot(Slots)];
        if (Volatile.Read(ref slot) is { } entry && entry.Digest == digest)
        {
            acl = entry.Acl;
            return true;
        }

        if (!Acl.TryParse(channels, out acl))
        {
            return false;
        }

        Volatile.Write(ref slot, new Entry(digest, acl));
        return true;
    }

    private sealed record Entry(Digest Digest, Acl Acl);
}
