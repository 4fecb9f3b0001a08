namespace FastPush.Cluster.Tests.Testing;

/// <summary>Reads several messages at once.</summary>
internal static class Reading
{
    /// <summary>The next so many messages.</summary>
    public static async Task<List<ServerFrame>> TakeAsync(this StompClient client, int count)
    {
        var frames = new List<ServerFrame>(count);
        while (frames.Count < count)
        {
            frames.Add(await client.NextAsync());
        }

        return frames;
    }

    /// <summary>The bodies of the next so many messages.</summary>
    public static async Task<List<string>> BodiesAsync(this StompClient client, int count) =>
        [.. (await client.TakeAsync(count)).Select(frame => frame.Body)];

    /// <summary>The data of the next so many events.</summary>
    public static async Task<List<string>> DataAsync(this SseClient client, int count)
    {
        var data = new List<string>(count);
        while (data.Count < count)
        {
            data.Add((await client.NextAsync()).Data);
        }

        return data;
    }

    public static IEnumerable<string> Numbers(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
