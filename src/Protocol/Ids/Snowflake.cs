namespace FastPush.Protocol.Ids;

/// <summary>
/// Message ids that rise with time: 41 bits of milliseconds since 2025-01-01T00:00:00Z, 10 bits of server id, 12 bits of sequence
/// (the layout of Twitter's Snowflake). Always positive, so 0 can mean "no id".
/// </summary>
/// <remarks>
/// <para>
/// The ids of one instance strictly rise whatever its clock does. When the clock steps back, or when more than 4096 ids fall in one
/// millisecond, the logical millisecond inside the ids runs ahead of the clock and stays there until the clock has caught up.
/// <see cref="AheadMs"/> tells by how much.
/// </para>
/// <para>
/// Across instances ids are unique as long as no two with the same server id cover the same logical milliseconds: whoever takes over a
/// server id must start later than the last millisecond its former holder used.
/// </para>
/// <para>Thread-safe and lock-free; no allocation.</para>
/// </remarks>
/// <param name="serverId">0 to 1023, unique among the nodes that run at the same time.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="serverId"/> is outside 0 to 1023.</exception>
public sealed class Snowflake(int serverId)
{
    /// <summary>2025-01-01T00:00:00Z in Unix milliseconds; the zero of the time field.</summary>
    public const long EpochUnixMs = 1_735_689_600_000;

    /// <summary>Highest server id that fits.</summary>
    public const int ServerIdMax = (1 << ServerIdBits) - 1;

    /// <summary>Last Unix millisecond that fits in the time field: 2094-09-07T15:47:35.551Z.</summary>
    public const long UnixMsMax = EpochUnixMs + (1L << TimeBits) - 1;

    private const int TimeBits = 41;
    private const int ServerIdBits = 10;
    private const int SequenceBits = 12;
    private const long SequenceMask = (1L << SequenceBits) - 1;

    /// <summary>The most that <see cref="_last"/> can hold: time and sequence, without the server id between them.</summary>
    private const long LogicalMax = (1L << (TimeBits + SequenceBits)) - 1;

    private readonly long _serverField = (long)Checked(serverId) << SequenceBits;

    /// <summary>
    /// Logical milliseconds and sequence of the last id, side by side, so that adding one carries from a full sequence into the next
    /// millisecond. It starts at 0, which is thereby never handed out: server 0 would make the id 0 of it.
    /// </summary>
    private long _last;

    /// <summary>The next id: the clock's millisecond with sequence 0 if that is new, else the successor of the last id.</summary>
    /// <param name="unixMs">The clock, in Unix milliseconds. Times before the epoch count as the epoch.</param>
    /// <exception cref="ArgumentOutOfRangeException">The clock is past <see cref="UnixMsMax"/>; no id is used up.</exception>
    /// <exception cref="OverflowException">The logical millisecond has run past <see cref="UnixMsMax"/>.</exception>
    public long Next(long unixMs)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unixMs, UnixMsMax);
        var clock = SinceEpoch(unixMs) << SequenceBits;
        var last = Volatile.Read(ref _last);
        while (true)
        {
            var next = clock > last ? clock : last + 1;
            if (next > LogicalMax)
                throw new OverflowException("The time field of this Snowflake is used up.");
            var seen = Interlocked.CompareExchange(ref _last, next, last);
            if (seen == last)
                return (next >> SequenceBits << (ServerIdBits + SequenceBits)) | _serverField | (next & SequenceMask);
            last = seen;
        }
    }

    /// <summary>
    /// How many milliseconds the last id is ahead of the clock; 0 when it is not. A value that stays high means that the clock stepped
    /// back, or that more than 4096 ids a millisecond are asked for.
    /// </summary>
    /// <param name="unixMs">The clock, in Unix milliseconds.</param>
    public long AheadMs(long unixMs) => Math.Max(0, (Volatile.Read(ref _last) >> SequenceBits) - SinceEpoch(unixMs));

    /// <summary>The smallest id of a Unix millisecond, whatever the server: to compare ids with a time.</summary>
    public static long FirstId(long unixMs) => SinceEpoch(unixMs) << (ServerIdBits + SequenceBits);

    /// <summary>The logical Unix millisecond inside an id.</summary>
    public static long UnixMs(long id) => (id >> (ServerIdBits + SequenceBits)) + EpochUnixMs;

    /// <summary>The server id inside an id.</summary>
    public static int ServerId(long id) => (int)(id >> SequenceBits) & ServerIdMax;

    /// <summary>The sequence number inside an id: 0 to 4095.</summary>
    public static int Sequence(long id) => (int)(id & SequenceMask);

    private static long SinceEpoch(long unixMs) => Math.Max(unixMs, EpochUnixMs) - EpochUnixMs;

    private static int Checked(int serverId)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(serverId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(serverId, ServerIdMax);
        return serverId;
    }
}
