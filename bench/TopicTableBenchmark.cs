using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Topics;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class TopicTableBenchmark
{
    private const int Topics = 10_000;

    private readonly TopicTable _table = new();
    private readonly byte[][] _keys = [.. Enumerable.Range(0, Topics).Select(i => Encoding.UTF8.GetBytes($"/topic/room.{i}"))];
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        foreach (var key in _keys)
        {
            _table.GetOrAdd(key);
        }

        BenchNode.Require(Find() && !Miss(), "the table does not know its topics");
    }

    [Benchmark]
    public bool Find() => _table.TryGet(_keys[_next++ % Topics], out _);

    [Benchmark]
    public int FindToPublish() => _table.GetOrAdd(_keys[_next++ % Topics]).Key.Length;

    [Benchmark]
    public bool Miss() => _table.TryGet("/topic/nobody.is.here"u8, out _);
}
