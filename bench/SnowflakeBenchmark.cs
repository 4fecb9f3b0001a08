using BenchmarkDotNet.Attributes;
using FastPush.Protocol.Ids;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class SnowflakeBenchmark
{
    private readonly Snowflake _ids = new(1);

    [Benchmark]
    public long Next() => _ids.Next(Snowflake.EpochUnixMs + 1);
}
