using System.Diagnostics;
using System.Globalization;

namespace FastPush.Load.Report;

/// <summary>What a result is worth nothing without: the machine, and the commit of what was measured.</summary>
internal sealed record RunContext(string CpuModel, int Cores, long MemoryBytes, string Kernel, string Commit)
{
    public static RunContext Read() => new(
        Value("/proc/cpuinfo", "model name") ?? "unknown",
        Environment.ProcessorCount,
        1024 * long.Parse((Value("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0], CultureInfo.InvariantCulture),
        File.Exists("/proc/sys/kernel/osrelease") ? File.ReadAllText("/proc/sys/kernel/osrelease").Trim() : "unknown",
        ReadCommit());

    /// <summary>The commit of the folder the tool is started in (-dirty when files differ from it); FASTPUSH_COMMIT overrides.</summary>
    private static string ReadCommit()
    {
        if (Environment.GetEnvironmentVariable("FASTPUSH_COMMIT") is { Length: > 0 } given)
        {
            return given;
        }

        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start);
            var commit = git?.StandardOutput.ReadToEnd().Trim();
            git?.WaitForExit();
            return string.IsNullOrEmpty(commit) ? "unknown" : commit;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown"; // No git here.
        }
    }

    private static string? Value(string path, string name) => !File.Exists(path)
        ? null
        : File.ReadLines(path).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
