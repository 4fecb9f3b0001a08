namespace FastPush.Gateway.Auth;

/// <summary>Reads a key file and tells whether it changed.</summary>
internal static class KeyFile
{
    /// <summary>Far above any real key set; keeps a wrong path from being read into memory.</summary>
    private const int BytesMax = 1 << 20;

    /// <summary>What changes when the file does.</summary>
    public readonly record struct Stamp(DateTime WrittenUtc, long Bytes);

    public static bool TryStamp(string path, out Stamp stamp, out string fault) => TryOpen(path, read: false, out _, out stamp, out fault);

    public static bool TryRead(string path, out byte[] content, out Stamp stamp, out string fault) =>
        TryOpen(path, read: true, out content, out stamp, out fault);

    private static bool TryOpen(string path, bool read, out byte[] content, out Stamp stamp, out string fault)
    {
        content = [];
        stamp = default;
        try
        {
            // By handle, not by path: of a symbolic link the path gives the link's own time, which does not change when a
            // mounted secret is rotated. The stamp is taken before the bytes, so that a later write is never missed.
            using var handle = File.OpenHandle(path);
            stamp = new Stamp(File.GetLastWriteTimeUtc(handle), RandomAccess.GetLength(handle));
            if (stamp.Bytes > BytesMax)
            {
                fault = $"{path} is larger than {BytesMax} bytes";
                return false;
            }

            if (read)
            {
                content = new byte[stamp.Bytes];
                var filled = 0;
                while (filled < content.Length)
                {
                    var count = RandomAccess.Read(handle, content.AsSpan(filled), filled);
                    if (count == 0)
                    {
                        fault = $"{path} became shorter while it was read";
                        return false;
                    }

                    filled += count;
                }
            }

            fault = "";
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            fault = $"{path} does not exist";
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            fault = $"{path} cannot be read: {e.Message}";
            return false;
        }
    }
}
