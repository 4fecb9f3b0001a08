namespace FastPush.Tidy;

/// <summary>
/// Replaces comments, literals and preprocessor lines of C# by spaces, so that the rules see code only. The code in the holes of
/// interpolated strings stays. Offsets and line ends stay as they are.
/// </summary>
internal sealed class CodeBlanker
{
    private readonly string _text;
    private readonly char[] _code;
    private int _at;

    private CodeBlanker(string text)
    {
        _text = text;
        _code = text.ToCharArray();
    }

    public static string Blank(string text)
    {
        var blanker = new CodeBlanker(text);
        blanker.Code(inHole: false);
        return new string(blanker._code);
    }

    private char Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private void Skip(int count = 1)
    {
        for (var end = Math.Min(_at + count, _text.Length); _at < end; _at++)
        {
            if (_code[_at] != '\n')
                _code[_at] = ' ';
        }
    }

    private int Run(char c, int from = 0)
    {
        var count = 0;
        while (Peek(from + count) == c)
            count++;
        return count;
    }

    /// <summary>Code up to the end of the text or, in a hole, up to the brace that closes it.</summary>
    private void Code(bool inHole)
    {
        var depth = 0;
        while (_at < _text.Length)
        {
            var c = Peek();
            if (inHole && c == '}' && depth-- == 0)
                return;
            if (inHole && c == '{')
                depth++;
            if (c == '/' && Peek(1) == '/')
                SkipUntil("\n");
            else if (c == '/' && Peek(1) == '*')
                SkipUntil("*/");
            else if (c == '#' && StartsLine())
                SkipUntil("\n");
            else if (c == '\'')
                Plain('\'');
            else if (c is '"' or '$' or '@')
                StringOrSign();
            else
                _at++;
        }
    }

    private bool StartsLine() => string.IsNullOrWhiteSpace(_text[(_text.LastIndexOf('\n', _at) + 1).._at]);

    private void SkipUntil(string end)
    {
        var found = _text.IndexOf(end, _at + 1, StringComparison.Ordinal);
        Skip((found < 0 ? _text.Length : found + end.Length) - _at);
    }

    private void StringOrSign()
    {
        var prefix = 0;
        var dollars = 0;
        for (; Peek(prefix) is '$' or '@'; prefix++)
            dollars += Peek(prefix) == '$' ? 1 : 0;
        if (Peek(prefix) != '"')
        {
            _at += Math.Max(prefix, 1);
            return;
        }

        var verbatim = dollars < prefix;
        var quotes = Run('"', prefix);
        Skip(prefix);
        if (!verbatim && quotes >= 3)
            Raw(quotes, dollars);
        else if (verbatim || dollars > 0)
            Holed(verbatim, dollars > 0);
        else
            Plain('"');
    }

    private void Plain(char quote)
    {
        Skip();
        while (_at < _text.Length && Peek() != quote && Peek() != '\n')
            Skip(Peek() == '\\' ? 2 : 1);
        Skip();
    }

    private void Holed(bool verbatim, bool interpolated)
    {
        Skip();
        while (_at < _text.Length)
        {
            if (verbatim && Peek() == '"' && Peek(1) == '"')
                Skip(2);
            else if (!verbatim && Peek() == '\\')
                Skip(2);
            else if (interpolated && Peek() == '{' && Peek(1) == '{')
                Skip(2);
            else if (interpolated && Peek() == '{')
                Hole(1);
            else if (Peek() == '"')
                break;
            else
                Skip();
        }

        Skip();
    }

    private void Raw(int quotes, int dollars)
    {
        Skip(quotes);
        while (_at < _text.Length && Run('"') < quotes)
        {
            var braces = dollars > 0 ? Run('{') : 0;
            if (braces >= dollars && dollars > 0)
            {
                Skip(braces - dollars);
                Hole(dollars);
            }
            else
            {
                Skip(Math.Max(1, Math.Max(braces, Run('"'))));
            }
        }

        Skip(Run('"'));
    }

    private void Hole(int braces)
    {
        Skip(braces);
        Code(inHole: true);
        Skip(braces);
    }
}
