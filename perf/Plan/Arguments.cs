using System.Globalization;

namespace FastPush.Plan;

/// <summary>The command line after the subcommand: options with a value, and flags.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _flags = [];

    /// <exception cref="InputException">An option that is not known, given twice or without its value.</exception>
    public Arguments(IReadOnlyList<string> words, IReadOnlyCollection<string> options, IReadOnlyCollection<string> flags)
    {
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (flags.Contains(word))
            {
                _flags.Add(word);
            }
            else if (!options.Contains(word))
            {
                throw new InputException($"'{word}' is not an option here; there are {string.Join(", ", options.Concat(flags))}");
            }
            else if (++i == words.Count)
            {
                throw new InputException($"{word} needs a value");
            }
            else if (!_values.TryAdd(word, words[i]))
            {
                throw new InputException($"{word} is given twice");
            }
        }
    }

    public bool Has(string flag) => _flags.Contains(flag);

    public string? Text(string option) => _values.GetValueOrDefault(option);

    public string Required(string option) => Text(option) ?? throw new InputException($"{option} is missing");

    /// <summary>A number above zero, or zero where that is allowed; without <paramref name="fallback"/> the option is required.</summary>
    public double Number(string option, double? fallback = null, bool canBeZero = false)
    {
        if (Text(option) is not { } text)
        {
            return fallback ?? throw new InputException($"{option} is missing");
        }

        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
        return isNumber && (value > 0 || (canBeZero && value == 0))
            ? value
            : throw new InputException($"{option} is '{text}'; it must be a number {(canBeZero ? "of at least" : "above")} 0");
    }
}
