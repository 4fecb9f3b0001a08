namespace FastPush.Perf.Tests;

/// <summary>Where the sources stand, and programs that were built with the tests.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The build output of a project of the same configuration as this one's.</summary>
    public static string Output(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Root, project, "bin", own.Parent!.Name, own.Name);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FastPush.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("no FastPush.sln above the tests");
    }
}
