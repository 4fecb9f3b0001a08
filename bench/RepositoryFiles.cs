namespace FastPush.Bench;

/// <summary>Files of the checkout that this program was built in.</summary>
internal static class RepositoryFiles
{
    public static string Path(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "FastPush.sln")))
            {
                return System.IO.Path.Combine(folder.FullName, relative);
            }
        }

        throw new InvalidOperationException($"No FastPush.sln above {AppContext.BaseDirectory}: the gates compare with files of the checkout.");
    }
}
