namespace FastPush.Gateway.Auth;

/// <summary>Holds the key set in force and replaces it when its file changes, or when other keys were fetched.</summary>
internal sealed class KeySource : IDisposable
{
    private readonly JwtOptions? options;
    private volatile Snapshot current;
    private KeyFile.Stamp stamp;
    private string lastFault = "";
    private KeyFetcher? fetcher;

    private KeySource(KeySet keys, JwtOptions? options, KeyFile.Stamp stamp)
    {
        this.options = options;
        this.stamp = stamp;
        current = new Snapshot(keys, 0);
    }

    /// <summary>A key set and the number of replacements before it; read together, so that they always belong together.</summary>
    public sealed record Snapshot(KeySet Keys, int Generation);

    public Snapshot Current => current;

    public static bool TryOpen(JwtOptions options, out KeySource source, out string fault)
    {
        var loaded = KeySet.TryLoad(options, out var keys, out var stamp, out fault);
        source = loaded ? new KeySource(keys, options, stamp) : null!;
        return loaded;
    }

    /// <summary>Keys of a URL: none until the first <see cref="Reload"/> has fetched them.</summary>
    public static KeySource Fetched(JwtOptions options, bool httpsOnly, TimeSpan? refreshEvery = null)
    {
        var source = new KeySource(KeySet.None, null, default);
        source.fetcher = new KeyFetcher(options, source, httpsOnly, refreshEvery);
        return source;
    }

    /// <summary>Keys that never change.</summary>
    public static KeySource Fixed(KeySet keys) => new(keys, null, default);

    /// <summary>A token named a key that is not there: where keys are fetched, they are looked at anew, at most once a minute.</summary>
    public void OnUnknownKey() => fetcher?.OnUnknownKey();

    /// <summary>Takes other keys over at once. One thread at a time.</summary>
    public void Replace(KeySet keys) => current = new Snapshot(keys, current.Generation + 1);

    /// <summary>
    /// Takes over the file if it is another than the one in force. A file that cannot be used is tried again at each call, and
    /// its fault is reported once. Reads the file, or begins to fetch: call it from one thread, and not from an event loop's.
    /// </summary>
    public KeyReload Reload(out string fault)
    {
        fault = "";
        if (options is null)
        {
            return fetcher?.Poll(out fault) ?? KeyReload.Unchanged;
        }

        _ = KeySet.TryName(options, out var path, out var name, out _);
        if (!KeyFile.TryStamp(path, out var found, out var unreadable))
        {
            return Keep($"{name}: {unreadable}", out fault);
        }

        if (found == stamp)
        {
            lastFault = "";
            return KeyReload.Unchanged;
        }

        if (!KeySet.TryLoad(options, out var keys, out found, out var bad))
        {
            return Keep(bad, out fault);
        }

        stamp = found;
        lastFault = "";
        Replace(keys);
        return KeyReload.Reloaded;
    }

    public void Dispose() => fetcher?.Dispose();

    private KeyReload Keep(string found, out string fault)
    {
        fault = found == lastFault ? "" : found;
        lastFault = found;
        return fault.Length == 0 ? KeyReload.Unchanged : KeyReload.Kept;
    }
}
