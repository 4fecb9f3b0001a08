using System.Text;

namespace FastPush.Load.Run;

/// <summary>Reads what stands on one line: a key, a scalar, a flow map or a flow list.</summary>
internal sealed class YamlFlow(string text, int line)
{
    // YAML 1.2, section 5.3: characters that begin something other than a plain scalar.
    private const string Indicators = "&*!|>%@`?";

    private int _at;

    public bool IsAtEnd => _at >= text.Length;

    /// <summary>Reads "key:" and the space behind it.</summary>
    public string ReadKey()
    {
        var key = ReadScalar(inFlow: false, isKey: true);
        if (IsAtEnd || text[_at] != ':')
        {
            throw Fault("a key and a colon are expected");
        }

        _at++;
        SkipSpaces();
        return key;
    }

    public bool BeginsWithKey()
    {
        if (text[0] is '{' or '[')
        {
            return false;
        }

        var start = _at;
        ReadScalar(inFlow: false, isKey: true);
        var found = !IsAtEnd && text[_at] == ':' && (_at + 1 == text.Length || text[_at + 1] == ' ');
        _at = start;
        return found;
    }

    /// <summary>Reads the rest of the line as one value.</summary>
    public YamlNode ReadWhole()
    {
        var value = ReadValue(inFlow: false);
        SkipSpaces();
        return IsAtEnd ? value : throw Fault($"'{text[_at..]}' follows a value");
    }

    private YamlNode ReadValue(bool inFlow)
    {
        if (IsAtEnd)
        {
            throw Fault("a flow map or list must end on its line");
        }

        return text[_at] switch
        {
            '{' => ReadFlowMap(),
            '[' => ReadFlowList(),
            _ => new YamlScalar(line, ReadScalar(inFlow, isKey: false)),
        };
    }

    private YamlMap ReadFlowMap()
    {
        var entries = new List<KeyValuePair<string, YamlNode>>();
        _at++;
        for (SkipSpaces(); !TryEnd('}'); SkipSpaces())
        {
            if (text[_at] is '{' or '[' or ',')
            {
                throw Fault("a key is expected; a text with braces needs quotes");
            }

            var key = ReadScalar(inFlow: true, isKey: true);
            if (IsAtEnd || text[_at] != ':')
            {
                throw Fault($"a colon is expected after '{key}'");
            }

            if (entries.Any(e => e.Key == key))
            {
                throw Fault($"the key '{key}' is there twice");
            }

            _at++;
            SkipSpaces();
            entries.Add(new(key, ReadValue(inFlow: true)));
            Separate('}');
        }

        return new YamlMap(line, entries);
    }

    private YamlList ReadFlowList()
    {
        var items = new List<YamlNode>();
        _at++;
        for (SkipSpaces(); !TryEnd(']'); SkipSpaces())
        {
            items.Add(ReadValue(inFlow: true));
            Separate(']');
        }

        return new YamlList(line, items);
    }

    private bool TryEnd(char end)
    {
        if (IsAtEnd)
        {
            throw Fault("a flow map or list must end on its line");
        }

        if (text[_at] != end)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Separate(char end)
    {
        SkipSpaces();
        if (!IsAtEnd && text[_at] == ',')
        {
            _at++;
        }
        else if (IsAtEnd || text[_at] != end)
        {
            throw Fault($"a comma or '{end}' is expected");
        }
    }

    private string ReadScalar(bool inFlow, bool isKey)
    {
        if (IsAtEnd)
        {
            throw Fault("a value is expected");
        }

        if (text[_at] is '"' or '\'')
        {
            return ReadQuoted(text[_at]);
        }

        if (Indicators.Contains(text[_at], StringComparison.Ordinal))
        {
            throw Fault($"'{text[_at]}' begins something that is not read here; quote the text if it is one");
        }

        var start = _at;
        while (!IsAtEnd && !EndsPlain(inFlow, isKey))
        {
            _at++;
        }

        var value = text[start.._at].TrimEnd(' ');
        return value.Length > 0 ? value : throw Fault("a value is expected");
    }

    private bool EndsPlain(bool inFlow, bool isKey)
    {
        var c = text[_at];
        if (c == ':' && (_at + 1 == text.Length || text[_at + 1] == ' '))
        {
            return isKey ? true : throw Fault("a colon and a space in a plain text; quote it");
        }

        return inFlow && c is ',' or '[' or ']' or '{' or '}';
    }

    private string ReadQuoted(char quote)
    {
        var value = new StringBuilder();
        for (_at++; _at < text.Length; _at++)
        {
            var c = text[_at];
            if (c == '\'' && quote == '\'' && _at + 1 < text.Length && text[_at + 1] == '\'')
            {
                _at++;
                value.Append(c);
            }
            else if (c == quote)
            {
                _at++;
                return value.ToString();
            }
            else if (c == '\\' && quote == '"')
            {
                _at++;
                value.Append((_at < text.Length ? text[_at] : '\0') switch
                {
                    'n' => '\n',
                    't' => '\t',
                    '"' => '"',
                    '\\' => '\\',
                    _ => throw Fault("an escape that is not read here"),
                });
            }
            else
            {
                value.Append(c);
            }
        }

        throw Fault("a quoted text that does not end on its line");
    }

    private void SkipSpaces()
    {
        while (!IsAtEnd && text[_at] == ' ')
        {
            _at++;
        }
    }

    private YamlException Fault(string message) => new(line, message);
}
