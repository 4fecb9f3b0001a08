using System.Diagnostics;

namespace FastPush.Tidy;

/// <summary>The repository as git sees it: tracked files and new ones that are not ignored.</summary>
internal static class SourceTree
{
    private static readonly string[] CodeExtensions =
        [".cs", ".csproj", ".props", ".targets", ".js", ".mjs", ".ts", ".html", ".css", ".sh", ".yml", ".yaml"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Files { get; } = [.. ListFiles().Select(path => new SourceFile(path))];

    /// <summary>What people of this project write: no vendored files, no data, no prose.</summary>
    public static IEnumerable<SourceFile> Code => Files.Where(file => !file.IsVendored && CodeExtensions.Contains(file.Extension));

    public static IEnumerable<SourceFile> CSharp(params string[] folders) =>
        Files.Where(file => file.Extension == ".cs" && folders.Any(folder => file.IsUnder(folder)));

    public static bool Exists(string path) =>
        Files.Any(file => file.Path == path.TrimEnd('/') || file.Path.StartsWith(path.TrimEnd('/') + '/', StringComparison.Ordinal));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FastPush.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No FastPush.sln above {AppContext.BaseDirectory}: the tidy tests read the source tree.");
    }

    private static IEnumerable<string> ListFiles()
    {
        // A checkout that belongs to another user (containers, CI) is refused by git unless it is called safe.
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        if (git.ExitCode != 0)
            throw new InvalidOperationException($"git ls-files failed with exit code {git.ExitCode}: the tidy tests need a git checkout.");
        return output.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(path => File.Exists(Path.Combine(Root, path)))
            .Order(StringComparer.Ordinal);
    }
}
