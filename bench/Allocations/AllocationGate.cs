using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace FastPush.Bench.Allocations;

/// <summary>
/// Compares what every benchmark's operation allocates with the file that is checked in. What allocated nothing must go on so; a rise
/// of more than a twentieth, a benchmark that the file does not know, or one that it misses, fails.
/// </summary>
internal static class AllocationGate
{
    private const double RiseMax = 1.05;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Exit code 0 when nothing got worse. <paramref name="update"/> rewrites the file instead of comparing.</summary>
    public static int Run(bool update)
    {
        var path = RepositoryFiles.Path("bench/alloc-baseline.json");
        var now = Measure();
        if (update)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(now, s_json).ReplaceLineEndings("\n") + "\n");
            Console.WriteLine($"{now.Count} benchmarks written to {path}");
            return 0;
        }

        var before = JsonSerializer.Deserialize<SortedDictionary<string, double>>(File.ReadAllText(path))!;
        var faults = Compare(before, now);
        foreach (var (name, bytes) in now.Where(n => before.TryGetValue(n.Key, out var was) && n.Value < was))
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"better {name}: {bytes} B an operation, was {before[name]} B; keep it by --update"));
        }

        foreach (var fault in faults)
        {
            Console.WriteLine($"FAILED {fault}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"allocation gate: {now.Count} benchmarks, {now.Count(n => n.Value == 0)} of them without any allocation, {faults.Count} faults"));
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>One sentence for each benchmark that got worse, came without an entry, or went.</summary>
    public static IReadOnlyList<string> Compare(
        IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> now)
    {
        const string Advice = "if it is meant: scripts/alloc-gate.sh --update";
        var faults = new List<string>();
        foreach (var (name, bytes) in now)
        {
            if (!before.TryGetValue(name, out var allowed))
            {
                faults.Add($"{name}: not in the baseline; {Advice}");
            }
            else if (bytes > allowed * RiseMax)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {bytes} B an operation, was {allowed} B; {Advice}"));
            }
        }

        faults.AddRange(before.Keys.Where(name => !now.ContainsKey(name)).Select(name => $"{name}: it is gone; {Advice}"));
        return faults;
    }

    private static SortedDictionary<string, double> Measure()
    {
        var measured = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var benchmark in AllocationCase.AllOf(Assembly.GetExecutingAssembly()))
        {
            // Pools let go of arrays in a full collection; one that falls into a measurement would be charged to it.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            measured.Add(benchmark.Name, benchmark.Measure());
        }

        return measured;
    }
}
