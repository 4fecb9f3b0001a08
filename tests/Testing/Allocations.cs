namespace FastPush.Testing;

/// <summary>Bytes that a warm path allocates on its thread.</summary>
internal static class Allocations
{
    /// <summary>
    /// The least of several rounds; ends at the first that is clean. What each call allocates is in every round; what only one has is the
    /// runtime's own (a tier of the compiler, a collection that emptied a pool).
    /// </summary>
    public static long Least(Action round, int rounds = 10)
    {
        ArgumentNullException.ThrowIfNull(round);
        var least = long.MaxValue;
        for (var i = 0; i < rounds && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>The same of a call done so many times in a round.</summary>
    public static long Least(Action once, int times, int rounds) => Least(
        () =>
        {
            for (var i = 0; i < times; i++)
            {
                once();
            }
        },
        rounds);
}
