namespace FastPush.Protocol.Stomp;

/// <summary>Header lines in STOMP 1.2's escaped form, each ended by LF, as a message keeps them.</summary>
public static class HeaderLines
{
    /// <summary>
    /// The value of a header, still escaped. The first line of that name counts (STOMP 1.2, "Repeated Header Entries").
    /// </summary>
    /// <param name="lines">The lines.</param>
    /// <param name="nameAndColon">The name, escaped, and the colon behind it.</param>
    /// <param name="value">What stands behind the colon; empty when there is no such line.</param>
    public static bool TryGet(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> nameAndColon, out ReadOnlySpan<byte> value)
    {
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            if (line.StartsWith(nameAndColon))
            {
                value = line[nameAndColon.Length..];
                return true;
            }

            lines = lines[Math.Min(line.Length + 1, lines.Length)..];
        }

        value = default;
        return false;
    }
}
