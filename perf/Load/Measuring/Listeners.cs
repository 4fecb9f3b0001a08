using System.Globalization;

namespace FastPush.Load.Measuring;

/// <summary>Finds out which process of this machine listens on a port, from /proc/net/tcp and the descriptors of all processes.</summary>
internal static class Listeners
{
    private const string Listening = "0A";
    private static readonly string[] s_tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Process ids in the order of the ports; a port whose listener cannot be seen gives none.</summary>
    public static IReadOnlyList<int> Find(IReadOnlyList<int> ports)
    {
        var inodes = s_tables
            .Where(File.Exists)
            .SelectMany(path => File.ReadLines(path).Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f[3] == Listening)
            .GroupBy(f => int.Parse(f[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            .ToDictionary(g => g.Key, g => g.Select(f => $"socket:[{f[9]}]").ToHashSet(StringComparer.Ordinal));
        var pids = new List<int>();
        foreach (var port in ports)
        {
            if (inodes.TryGetValue(port, out var wanted) && OwnerOf(wanted) is { } pid && !pids.Contains(pid))
            {
                pids.Add(pid);
            }
        }

        return pids;
    }

    private static int? OwnerOf(HashSet<string> sockets)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            try
            {
                var links = Directory.EnumerateFiles(folder + "/fd").Select(fd => File.ResolveLinkTarget(fd, returnFinalTarget: false));
                if (links.Any(link => link is not null && sockets.Contains(link.Name)))
                {
                    return pid;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // Ended meanwhile, or somebody else's.
            }
        }

        return null;
    }
}
