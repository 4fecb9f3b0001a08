using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Protocol.Stomp;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class HeaderTextBenchmark
{
    private readonly byte[] _destination = new byte[256];
    private byte[] _text = [];
    private byte[] _raw = [];
    private byte[] _lines = [];

    [Params("plain", "escaped")]
    public string Text { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _text = Encoding.UTF8.GetBytes(Text == "plain" ? "/topic/orders.eu-west-1.created" : "/topic/orders:eu\\west\n1.created");
        _raw = _destination[..Escape()];
        _lines = [.. "destination:"u8, .. _raw, (byte)'\n'];
        BenchNode.Require(_destination.AsSpan(0, Unescape()).SequenceEqual(_text), "the text did not come back");
    }

    [Benchmark]
    public int Escape() => HeaderText.Escape(_text, StompVersion.V12, _destination);

    [Benchmark]
    public int Unescape() => HeaderText.Unescape(_raw, StompVersion.V12, _destination);

    [Benchmark]
    public bool EscapesAreLegal() => HeaderText.EscapesAreLegal(_raw, StompVersion.V12);

    [Benchmark]
    public int TranslateTo11() => HeaderText.Translate(_lines, StompVersion.V11, _destination);
}
