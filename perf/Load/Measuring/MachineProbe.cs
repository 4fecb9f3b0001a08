using System.Globalization;
using FastPush.Load.Engine;

namespace FastPush.Load.Measuring;

/// <summary>CPU of the machine, of the servers together and of each load process at one moment, in seconds.</summary>
internal sealed record CpuSample(double At, double Servers, double User, double Kernel, IReadOnlyList<double> EachClient, double Busy)
{
    public double Clients => EachClient.Sum();

    public static CpuSample operator -(CpuSample a, CpuSample b) => new(
        a.At - b.At,
        a.Servers - b.Servers,
        a.User - b.User,
        a.Kernel - b.Kernel,
        [.. a.EachClient.Zip(b.EachClient, (later, earlier) => later - earlier)],
        a.Busy - b.Busy);
}

/// <summary>Memory at one moment, in bytes: of the servers (proportional set size), and of the kernel's slab.</summary>
internal readonly record struct MemorySample(long Pss, long Slab);

/// <summary>Reads /proc (man section 5) for the server's processes, the tool's own and the whole machine.</summary>
internal sealed class MachineProbe(IReadOnlyList<int> servers, Func<IReadOnlyList<int>> clients)
{
    private const double TicksPerSecond = 100; // USER_HZ, which is 100 wherever Linux shows it.

    public IReadOnlyList<int> Servers => servers;

    public CpuSample Cpu()
    {
        double cpu = 0, user = 0, kernel = 0;
        foreach (var pid in servers)
        {
            cpu += ClientNative.ProcessCpuSeconds(pid) ?? throw new IOException($"the server's process {pid} is gone");
            var (u, k) = SplitOf(pid);
            user += u;
            kernel += k;
        }

        double[] own = [.. clients().Select(pid => ClientNative.ProcessCpuSeconds(pid) ?? 0)];
        return new CpuSample(MonotonicClock.Now / 1e9, cpu, user, kernel, own, BusySeconds());
    }

    public MemorySample Memory() => new(
        servers.Sum(pid => KibiBytes($"/proc/{pid}/smaps_rollup", "Pss:") ?? 0), KibiBytes("/proc/meminfo", "Slab:") ?? 0);

    /// <summary>Of "name: 123 kB" the bytes; null when file or line is missing.</summary>
    private static long? KibiBytes(string path, string name)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var line = File.ReadLines(path).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        var number = line?[name.Length..].Trim().Split(' ')[0];
        return number is null ? null : 1024 * long.Parse(number, CultureInfo.InvariantCulture);
    }

    // proc_pid_stat: fields 14 and 15 are utime and stime; the name before them may hold spaces.
    private static (double User, double Kernel) SplitOf(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Ticks(fields[11]), Ticks(fields[12]));
    }

    // proc_stat: user, nice, system, then idle and iowait, irq, softirq.
    private static double BusySeconds()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Ticks(fields[1]) + Ticks(fields[2]) + Ticks(fields[3]) + Ticks(fields[6]) + Ticks(fields[7]);
    }

    private static double Ticks(string field) => long.Parse(field, CultureInfo.InvariantCulture) / TicksPerSecond;
}
