namespace FastPush.Gateway.Auth;

/// <summary>
/// Verified tokens by the SHA-256 of their text. Sets of a few slots each; a digest belongs to one set. Nothing locks: a slot
/// is one reference to an immutable entry, and two writers that race cost a repeated verification, no more.
/// </summary>
internal sealed class TokenCache
{
    // A lookup compares at most this many digests. With half of the slots in use 1 newcomer in 20 meets a full set (Poisson,
    // mean 4, at least 8) and pushes out another token, which costs that one's next use a verification.
    private const int WaysMax = 8;

    private readonly Entry?[] slots;
    private readonly int ways;
    private readonly int sets;

    /// <param name="entriesMax">Most entries held; 0 or more.</param>
    public TokenCache(int entriesMax)
    {
        ways = Math.Min(entriesMax, WaysMax);
        sets = ways == 0 ? 0 : entriesMax / ways;
        slots = new Entry?[sets * ways];
    }

    /// <summary>Entries held, dead ones included. Walks all slots: for tests.</summary>
    internal int Count => slots.Count(slot => slot is not null);

    /// <summary>The token's entry, if it was verified under this generation of keys. The caller asks the clock.</summary>
    public Entry? Find(in Digest digest, int generation)
    {
        foreach (ref var slot in Set(digest))
        {
            if (Volatile.Read(ref slot) is { } entry && entry.Digest == digest)
            {
                if (entry.Generation != generation)
                {
                    return null;
                }

                entry.Touch();
                return entry;
            }
        }

        return null;
    }

    /// <summary>Takes the place of the same token, else of a dead or missing entry, else of one not asked for lately.</summary>
    public void Add(Entry added, long nowMs)
    {
        var set = Set(added.Digest);
        if (set.IsEmpty)
        {
            return;
        }

        var victim = -1;
        for (var way = 0; way < set.Length; way++)
        {
            var entry = Volatile.Read(ref set[way]);
            if (entry is not null && entry.Digest == added.Digest)
            {
                victim = way;
                break;
            }

            if (victim < 0 && (entry is null || nowMs >= entry.DiesAtMs || entry.Generation != added.Generation))
            {
                victim = way;
            }
        }

        Volatile.Write(ref set[victim >= 0 ? victim : SecondChance(set, added.Digest)], added);
    }

    public void Remove(Entry removed)
    {
        foreach (ref var slot in Set(removed.Digest))
        {
            Interlocked.CompareExchange(ref slot, null, removed);
        }
    }

    // The clock's hand starts where the digest says: no hand to keep per set, and none to contend for.
    private static int SecondChance(Span<Entry?> set, in Digest digest)
    {
        var start = (int)(digest.B % (ulong)set.Length);
        for (var step = 0; step < set.Length; step++)
        {
            var way = (start + step) % set.Length;
            if (Volatile.Read(ref set[way]) is not { } entry || !entry.TakeChance())
            {
                return way;
            }
        }

        return start;
    }

    private Span<Entry?> Set(in Digest digest) => slots.AsSpan(digest.Slot(sets) * ways, ways);

    /// <param name="digest">Of the whole token.</param>
    /// <param name="principal">Whom it speaks for.</param>
    /// <param name="validFromMs">First Unix millisecond at which it is accepted, skew included.</param>
    /// <param name="diesAtMs">First Unix millisecond at which it is not, skew included.</param>
    /// <param name="generation">Of the keys that verified it.</param>
    internal sealed class Entry(Digest digest, Principal principal, long validFromMs, long diesAtMs, int generation)
    {
        // Starts true: a new entry outlives the next newcomer.
        private volatile bool referenced = true;

        public Digest Digest { get; } = digest;

        public Principal Principal { get; } = principal;

        public long DiesAtMs { get; } = diesAtMs;

        public int Generation { get; } = generation;

        public AuthFault At(long nowMs) =>
            nowMs >= DiesAtMs ? AuthFault.Expired : nowMs < validFromMs ? AuthFault.NotYetValid : AuthFault.None;

        public void Touch()
        {
            // Read first: the entry of a token that many connections share must not become a contended cache line.
            if (!referenced)
            {
                referenced = true;
            }
        }

        public bool TakeChance()
        {
            var had = referenced;
            referenced = false;
            return had;
        }
    }
}
