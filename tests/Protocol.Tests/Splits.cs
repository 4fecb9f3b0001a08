using System.Globalization;
using FastPush.Protocol;

namespace FastPush.Protocol.Tests;

/// <summary>What a reader said of the bytes it was given.</summary>
/// <param name="Status">The reader's status.</param>
/// <param name="Consumed">Bytes to drop after Done or NeedMore.</param>
/// <param name="Seen">
/// The element in words, or the fault. Empty for what is a part only because of where the input was cut, as a piece of a payload is.
/// </param>
internal readonly record struct ReadStep(ParseStatus Status, int Consumed, string Seen);

/// <summary>Reads once from the start of what has arrived; may write to it, as unmasking in place does.</summary>
internal delegate ReadStep Reader(Span<byte> input);

/// <summary>
/// The proof that a reader's answer does not depend on how its input was cut or on what follows it: the same input whole, in every two
/// pieces, byte by byte, and with bytes after it.
/// </summary>
internal static class Splits
{
    // Beyond this only the cuts near both ends and a fixed number between are tried: a cut costs a run over the whole input.
    private const int EveryCutBytesMax = 1024;
    private const int EdgeBytes = 150;
    private const int CutsBetween = 64;

    private static readonly byte[][] Garbage = [[0], [0xFF], "GET"u8.ToArray(), [0x81, 0x80, 0, 0, 0, 0], "\n\r\n\0"u8.ToArray()];

    /// <summary>For readers that keep nothing between calls. Returns what was read, in words, for the test to assert on.</summary>
    public static IReadOnlyList<string> Check(ReadOnlySpan<byte> input, Reader reader) => CheckStateful(input, () => reader);

    /// <summary>For readers with state: <paramref name="fresh"/> makes one in its initial state for each run.</summary>
    public static IReadOnlyList<string> CheckStateful(ReadOnlySpan<byte> input, Func<Reader> fresh)
    {
        var whole = Run(input, fresh(), [input.Length]);
        foreach (var cut in Cuts(input.Length))
        {
            AssertSame(whole, Run(input, fresh(), [cut, input.Length]), $"cut at {cut}");
        }

        AssertSame(whole, Run(input, fresh(), Enumerable.Range(0, input.Length + 1)), "byte by byte");
        foreach (var garbage in Garbage)
        {
            byte[] longer = [.. input, .. garbage];
            var run = Run(longer, fresh(), [longer.Length]);
            var settled = Settled(whole);
            AssertSame(settled, run.Take(settled.Count).ToList(), $"followed by {Convert.ToHexString(garbage)}");
        }

        return whole;
    }

    /// <summary>
    /// Runs <paramref name="reader"/> while the input grows to each of <paramref name="ends"/>; the last line says how it ended.
    /// </summary>
    public static IReadOnlyList<string> Run(ReadOnlySpan<byte> input, Reader reader, IEnumerable<int> ends)
    {
        var bytes = input.ToArray();
        var seen = new List<string>();
        var start = 0;
        foreach (var end in ends)
        {
            ReadStep step;
            do
            {
                step = reader(bytes.AsSpan(start, end - start));
                Assert.InRange(step.Consumed, 0, end - start);
                if (step.Status is ParseStatus.Malformed or ParseStatus.TooLarge)
                {
                    seen.Add($"{step.Status} {step.Seen}");
                    return seen;
                }

                start += step.Consumed;
                if (step.Status == ParseStatus.Done)
                {
                    Assert.True(step.Consumed > 0, "Done without consuming anything");
                    if (step.Seen.Length > 0)
                    {
                        seen.Add(step.Seen);
                    }
                }
            }
            while (step.Status == ParseStatus.Done && start < end);
        }

        seen.Add(string.Create(CultureInfo.InvariantCulture, $"{Left} {bytes.Length - start}"));
        return seen;
    }

    private const string Left = "left";

    // What the reader has not said of the input alone, bytes after it may still change.
    private static IReadOnlyList<string> Settled(IReadOnlyList<string> whole) =>
        whole[^1].StartsWith(Left, StringComparison.Ordinal) ? whole.Take(whole.Count - 1).ToList() : whole;

    private static IEnumerable<int> Cuts(int length)
    {
        if (length <= EveryCutBytesMax)
        {
            return Enumerable.Range(0, length + 1);
        }

        return Enumerable.Range(0, EdgeBytes)
            .Concat(Enumerable.Range(1, CutsBetween).Select(i => (int)((long)i * length / (CutsBetween + 1))))
            .Concat(Enumerable.Range(length - EdgeBytes, EdgeBytes + 1));
    }

    private static void AssertSame(IReadOnlyList<string> expected, IReadOnlyList<string> actual, string how) =>
        Assert.True(
            expected.SequenceEqual(actual), $"{how}:\n  {string.Join("\n  ", actual)}\ninstead of\n  {string.Join("\n  ", expected)}");
}
