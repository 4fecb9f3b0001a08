namespace FastPush.Tidy;

/// <summary>One file of the tree, or a sample of one in the rules' own tests.</summary>
internal sealed class SourceFile
{
    private readonly Lazy<string> _text;
    private readonly Lazy<string> _code;

    public SourceFile(string path)
        : this(path, () => File.ReadAllText(System.IO.Path.Combine(SourceTree.Root, path)))
    {
    }

    public SourceFile(string path, string text)
        : this(path, () => text)
    {
    }

    private SourceFile(string path, Func<string> read)
    {
        Path = path;
        _text = new(read);
        _code = new(() => CodeBlanker.Blank(Text));
    }

    /// <summary>Relative to the root, with forward slashes.</summary>
    public string Path { get; }

    public string Extension => System.IO.Path.GetExtension(Path);

    public string Text => _text.Value;

    public string[] Lines => Text.Split('\n');

    /// <summary>C# with comments, literals and directives blanked out, at the same offsets as in <see cref="Text"/>.</summary>
    public string Code => _code.Value;

    public bool IsBinary => Text.Contains('\0', StringComparison.Ordinal);

    public bool IsVendored => Path.Contains("/vendor/", StringComparison.Ordinal) || Path.Contains(".min.", StringComparison.Ordinal);

    public bool IsUnder(string folder) => Path.StartsWith(folder + '/', StringComparison.Ordinal);

    public Violation At(int offset, string what) => AtLine(Text.AsSpan(0, offset).Count('\n') + 1, what);

    public Violation AtLine(int line, string what) => new($"{Path}:{line}", what);
}

/// <summary>One breach of one rule: where, and what to do instead.</summary>
internal sealed record Violation(string Where, string What)
{
    public override string ToString() => $"{Where}: {What}";

    public static void AssertNone(IEnumerable<Violation> violations)
    {
        var all = violations.ToList();
        Assert.True(all.Count == 0, $"{all.Count} found:{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }
}
