using System.Text;
using BenchmarkDotNet.Attributes;
using FastPush.Bench.Allocations;
using FastPush.Bench.Fixtures;
using FastPush.Gateway.Auth;

namespace FastPush.Bench;

[MemoryDiagnoser]
[GateOperations(2_000)]
public class TokenVerifierBenchmark
{
    private TokenVerifier? _cached;
    private TokenVerifier? _uncached;
    private byte[] _token = [];

    [GlobalSetup]
    public void Setup()
    {
        using var issuer = new DevIssuer(TimeProvider.System);
        var options = DevIssuer.Options(new JwtOptions());
        _cached = new TokenVerifier(KeySource.Fixed(issuer.Keys), options, TimeProvider.System);
        _uncached = new TokenVerifier(KeySource.Fixed(issuer.Keys), options with { CacheEntries = 0 }, TimeProvider.System);
        _token = Encoding.ASCII.GetBytes(issuer.Issue("alice", ttlSeconds: 86_400));
        BenchNode.Require(CacheHit() && CacheMiss(), "the token was refused");
    }

    [Benchmark]
    public bool CacheHit() => _cached!.Verify(_token, out _) is not null;

    /// <summary>The signature checked and the claims read.</summary>
    [Benchmark]
    public bool CacheMiss() => _uncached!.Verify(_token, out _) is not null;
}
