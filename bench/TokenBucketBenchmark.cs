using BenchmarkDotNet.Attributes;
using FastPush.Gateway.Limits;

namespace FastPush.Bench;

[MemoryDiagnoser]
public class TokenBucketBenchmark
{
    private TokenBucket _steady;
    private TokenBucket _empty;
    private long _nowMs;

    [GlobalSetup]
    public void Setup()
    {
        while (_empty.TryTake(0, 100, 10))
        {
            _nowMs = 0;
        }
    }

    [Benchmark]
    public bool Take() => _steady.TryTake(_nowMs++, 100, 10_000);

    [Benchmark]
    public bool Refuse() => _empty.TryTake(0, 100, 10);
}
