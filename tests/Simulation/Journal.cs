namespace FastPush.Simulation;

/// <summary>The last events of a run, and a hash over all of them: equal seeds must give equal hashes.</summary>
internal sealed class Journal(int kept = 60)
{
    private readonly string[] _last = new string[kept];
    private long _count;

    public ulong Hash { get; private set; } = 14695981039346656037; // FNV-1a

    public void Note(string text)
    {
        foreach (var c in text)
        {
            Hash = (Hash ^ c) * 1099511628211;
        }

        _last[_count++ % kept] = $"{_count,6} {text}";
    }

    public override string ToString() =>
        string.Join(
            '\n',
            Enumerable.Range(0, (int)Math.Min(_count, kept)).Select(i => _last[(_count - Math.Min(_count, kept) + i) % kept]));
}
