namespace FastPush.Load.Run;

/// <summary>
/// Reads the YAML that the scenario files are written in: block maps and lists, flow maps and lists on one line, plain and quoted
/// scalars, comments. Anything else (anchors, tags, block scalars, several documents, tabs, …) is an error with its line, so that
/// what this reads is read the same by every YAML parser.
/// </summary>
internal sealed class YamlReader
{
    private readonly List<(int Number, int Indent, string Text)> _lines = [];
    private int _at;

    private YamlReader(string text)
    {
        foreach (var (index, raw) in text.ReplaceLineEndings("\n").Split('\n').Index())
        {
            var content = raw.TrimStart(' ');
            if (content.StartsWith('\t'))
            {
                throw new YamlException(index + 1, "a tab in the indentation");
            }

            var line = WithoutComment(content, index + 1).TrimEnd();
            if (line is "---" or "...")
            {
                throw new YamlException(index + 1, "only one document without markers is read");
            }

            if (line.Length > 0)
            {
                _lines.Add((index + 1, raw.Length - content.Length, line));
            }
        }
    }

    /// <exception cref="YamlException">The text is not of the subset.</exception>
    public static YamlMap Read(string text)
    {
        var reader = new YamlReader(text);
        if (reader._lines.Count == 0)
        {
            return new YamlMap(1, []);
        }

        var root = reader.ReadBlock(reader._lines[0].Indent);
        if (reader._at < reader._lines.Count)
        {
            throw new YamlException(reader._lines[reader._at].Number, "indented less than the lines it follows");
        }

        return root as YamlMap ?? throw new YamlException(root.Line, "the file must be a map");
    }

    private YamlNode ReadBlock(int indent) => IsItem(_lines[_at].Text) ? ReadList(indent) : ReadMap(indent);

    private YamlMap ReadMap(int indent)
    {
        var first = _lines[_at].Number;
        var entries = new List<KeyValuePair<string, YamlNode>>();
        while (_at < _lines.Count && _lines[_at].Indent >= indent)
        {
            var (number, own, text) = _lines[_at];
            if (own > indent || IsItem(text))
            {
                throw new YamlException(number, own > indent ? "indented more than the lines before it" : "a list item among a map's keys");
            }

            var flow = new YamlFlow(text, number);
            var key = flow.ReadKey();
            if (entries.Any(e => e.Key == key))
            {
                throw new YamlException(number, $"the key '{key}' is there twice");
            }

            _at++;
            entries.Add(new(key, flow.IsAtEnd ? ReadNested(indent, number) : flow.ReadWhole()));
        }

        return new YamlMap(first, entries);
    }

    private YamlList ReadList(int indent)
    {
        var first = _lines[_at].Number;
        var items = new List<YamlNode>();
        while (_at < _lines.Count && _lines[_at].Indent == indent && IsItem(_lines[_at].Text))
        {
            var (number, _, text) = _lines[_at];
            var rest = text[1..].TrimStart(' ');
            if (rest.Length == 0)
            {
                _at++;
                items.Add(ReadNested(indent, number));
            }
            else if (new YamlFlow(rest, number).BeginsWithKey())
            {
                // "- a: 1" begins a map that stands where its first key does.
                var inner = indent + text.Length - rest.Length;
                _lines[_at] = (number, inner, rest);
                items.Add(ReadMap(inner));
            }
            else
            {
                _at++;
                items.Add(new YamlFlow(rest, number).ReadWhole());
            }
        }

        if (_at < _lines.Count && _lines[_at].Indent > indent)
        {
            throw new YamlException(_lines[_at].Number, "indented more than the list before it");
        }

        return new YamlList(first, items);
    }

    // A list may stand as deep as its key (YAML 1.2, section 8.2.2).
    private YamlNode ReadNested(int indent, int line)
    {
        if (_at < _lines.Count && (_lines[_at].Indent > indent || (_lines[_at].Indent == indent && IsItem(_lines[_at].Text))))
        {
            return ReadBlock(_lines[_at].Indent);
        }

        return new YamlScalar(line, "");
    }

    private static bool IsItem(string text) => text == "-" || text.StartsWith("- ", StringComparison.Ordinal);

    // A comment begins a line or follows a space, outside of quotes.
    private static string WithoutComment(string text, int line)
    {
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                if (quote == '"' && text[i] == '\\')
                {
                    i++;
                }
                else if (text[i] == quote)
                {
                    quote = '\0';
                }
            }
            else if (text[i] is '"' or '\'' && (i == 0 || text[i - 1] is ' ' or '[' or '{' or ','))
            {
                quote = text[i];
            }
            else if (text[i] == '#' && (i == 0 || text[i - 1] == ' '))
            {
                return text[..i];
            }
        }

        return quote == '\0' ? text : throw new YamlException(line, "a quoted text that does not end on its line");
    }
}
