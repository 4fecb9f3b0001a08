using System.Text;

namespace FastPush.Load.Run;

/// <summary>Puts variables into texts: <c>{{name}}</c>, the one construct of Liquid that the scenario files use.</summary>
internal static class Template
{
    /// <exception cref="ScenarioFileException">An unknown variable, or another construct.</exception>
    public static string Render(string text, IReadOnlyDictionary<string, string> variables, int line)
    {
        if (text.Contains("{%", StringComparison.Ordinal))
        {
            throw new ScenarioFileException(line, "only {{name}} is understood in a template, no tags");
        }

        var rendered = new StringBuilder();
        for (var at = 0; ;)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            if (open < 0)
            {
                return rendered.Append(text, at, text.Length - at).ToString();
            }

            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                throw new ScenarioFileException(line, "a {{ without }}");
            }

            var name = text[(open + 2)..close].Trim();
            rendered.Append(text, at, open - at);
            rendered.Append(variables.TryGetValue(name, out var value)
                ? value
                : throw new ScenarioFileException(line, $"no variable is called '{name}'"));
            at = close + 2;
        }
    }
}
