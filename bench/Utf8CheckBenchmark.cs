using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol.WebSocket;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class Utf8CheckBenchmark
{
    private byte[] _text = [];

    [Params("ascii", "mixed")]
    public string Text { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var sample = Text == "ascii" ? "The quick brown fox jumps over the lazy dog. " : "Zwölf Boxkämpfer, 十二 🥊 ";
        _text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(sample, 4096 / sample.Length)));
        BenchNode.Require(Whole() && InPieces(), "the text is not valid");
    }

    [Benchmark]
    public bool Whole()
    {
        var check = default(Utf8Check);
        return check.Push(_text) && check.IsComplete;
    }

    /// <summary>In pieces of 61 bytes, which cut characters apart.</summary>
    [Benchmark]
    public bool InPieces()
    {
        var check = default(Utf8Check);
        for (var rest = _text.AsSpan(); !rest.IsEmpty; rest = rest[Math.Min(61, rest.Length)..])
        {
            check.Push(rest[..Math.Min(61, rest.Length)]);
        }

        return check.IsComplete;
    }
}
