using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Tests.Auth;

public sealed class TokenCacheTests
{
    private static readonly TestSigner Signer = new();
    private readonly ManualTimeProvider time = new();

    private static Digest DigestOf(int number) => Digest.Of(BitConverter.GetBytes(number));

    private static TokenCache.Entry Entry(int number, long diesAtMs = long.MaxValue, int generation = 0) =>
        new(DigestOf(number), new Principal("u", 0, Acl.None, RateClaim.Default, []), 0, diesAtMs, generation);

    [Fact]
    public void A_token_seen_again_costs_no_signature_check()
    {
        var verifier = Signer.Verifier(time);
        var token = Signer.Sign(TestSigner.Claims());
        var first = verifier.Verify(token, out _);
        Assert.NotNull(first);
        for (var i = 0; i < 10; i++)
        {
            Assert.Same(first, verifier.Verify(token.ToArray(), out var fault));
            Assert.Equal(AuthFault.None, fault);
        }

        Assert.Equal(1, verifier.SignatureChecks);
    }

    [Fact]
    public void Refused_tokens_are_not_remembered()
    {
        var verifier = Signer.Verifier(time);
        var token = Signer.Sign("""{"iss":"x","aud":"aud","sub":"u","exp":1800000600}""");
        Assert.Null(verifier.Verify(token, out _));
        Assert.Null(verifier.Verify(token, out _));
        Assert.Equal((2, 0), (verifier.SignatureChecks, verifier.Cached));
    }

    [Fact]
    public void A_remembered_token_dies_at_its_expiry()
    {
        var verifier = Signer.Verifier(time);
        var token = Signer.Sign(TestSigner.Claims());
        Assert.NotNull(verifier.Verify(token, out _));
        time.Advance(TimeSpan.FromSeconds(630) - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(verifier.Verify(token, out _));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(verifier.Verify(token, out var fault));
        Assert.Equal(AuthFault.Expired, fault);
        Assert.Equal((1, 0), (verifier.SignatureChecks, verifier.Cached));
    }

    [Fact]
    public void A_clock_set_back_makes_a_remembered_token_not_yet_valid()
    {
        var verifier = Signer.Verifier(time);
        var token = Signer.Sign(TestSigner.Claims($",\"nbf\":{TestSigner.Now}"));
        Assert.NotNull(verifier.Verify(token, out _));
        time.StepUtc(TimeSpan.FromSeconds(-31));
        Assert.Null(verifier.Verify(token, out var fault));
        Assert.Equal(AuthFault.NotYetValid, fault);
        time.StepUtc(TimeSpan.FromSeconds(31));
        Assert.NotNull(verifier.Verify(token, out _));
        Assert.Equal(1, verifier.SignatureChecks);
    }

    [Fact]
    public void New_keys_make_every_token_be_verified_again()
    {
        using var folder = new TempFolder();
        var options = TestSigner.Options with { JwksPath = folder.Write("jwks", $$"""{"keys":[{{Signer.Jwk}}]}""") };
        Assert.True(KeySource.TryOpen(options, out var source, out _));
        var verifier = new TokenVerifier(source, options, time);
        var token = Signer.Sign(TestSigner.Claims());
        Assert.NotNull(verifier.Verify(token, out _));

        var newcomer = new TestSigner(kid: "n");
        folder.Write("jwks", $$"""{"keys":[{{Signer.Jwk}},{{newcomer.Jwk}}]}""");
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
        Assert.NotNull(verifier.Verify(token, out _));
        Assert.Equal((2, 1), (verifier.SignatureChecks, verifier.Cached));

        folder.Write("jwks", $$"""{"keys":[{{newcomer.Jwk}}]}""");
        Assert.Equal(KeyReload.Reloaded, source.Reload(out _));
        Assert.Null(verifier.Verify(token, out var fault));
        Assert.Equal(AuthFault.UnknownKey, fault);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(100)]
    [InlineData(1000)]
    public void No_more_than_the_bound_is_held(int bound)
    {
        var cache = new TokenCache(bound);
        for (var i = 0; i < 5000; i++)
        {
            cache.Add(Entry(i), 0);
            Assert.Equal(bound > 0, cache.Find(DigestOf(i), 0) is not null);
        }

        Assert.InRange(cache.Count, bound - 7, bound);
    }

    [Fact]
    public void A_token_in_use_outlives_tokens_that_are_not()
    {
        var cache = new TokenCache(8);
        var kept = Entry(0);
        cache.Add(kept, 0);
        for (var i = 1; i < 500; i++)
        {
            Assert.Same(kept, cache.Find(DigestOf(0), 0));
            cache.Add(Entry(i), 0);
        }

        Assert.Equal(8, cache.Count);
    }

    [Fact]
    public void Dead_entries_give_way_first_and_the_same_token_takes_its_own_place()
    {
        var cache = new TokenCache(8);
        for (var i = 0; i < 6; i++)
        {
            cache.Add(Entry(i), 0);
        }

        cache.Add(Entry(6, diesAtMs: 100), 0);
        cache.Add(Entry(7, generation: -1), 0);
        cache.Add(Entry(0), 100);
        Assert.Equal(8, cache.Count);
        cache.Add(Entry(8), 100);
        cache.Add(Entry(9), 100);
        Assert.All([0, 1, 2, 3, 4, 5, 8, 9], number => Assert.NotNull(cache.Find(DigestOf(number), 0)));
        Assert.Null(cache.Find(DigestOf(6), 0));
    }

    [Fact]
    public void An_entry_of_other_keys_is_not_found()
    {
        var cache = new TokenCache(8);
        cache.Add(Entry(1, generation: 3), 0);
        Assert.Null(cache.Find(DigestOf(1), 4));
        Assert.NotNull(cache.Find(DigestOf(1), 3));
    }

    [Fact]
    public void A_hit_allocates_nothing()
    {
        var verifier = Signer.Verifier(TimeProvider.System);
        var exp = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600;
        var token = Signer.Sign($$"""{"iss":"iss","aud":"aud","sub":"u","exp":{{exp}}}""");
        var misses = 0;
        Assert.Equal(0, Allocations.Least(() => misses += verifier.Verify(token, out _) is null ? 1 : 0, times: 1000, rounds: 10));
        Assert.Equal((0, 1L), (misses, verifier.SignatureChecks));
    }

    [Fact]
    public void Threads_verify_side_by_side()
    {
        var verifier = Signer.Verifier(time, TestSigner.Options with { CacheEntries = 16 });
        var tokens = Enumerable.Range(0, 64).Select(i => Signer.Sign(TestSigner.Claims($",\"jti\":\"{i}\""))).ToArray();
        var forged = tokens.Select(token => (byte[])[.. token.AsSpan(0, token.Length - 4), .. "AAAA"u8]).ToArray();
        var wrong = 0;
        var threads = Enumerable.Range(0, 4).Select(seed => new Thread(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                var good = verifier.Verify(tokens[(i * 7 + seed) % 64], out _) is not null;
                var bad = verifier.Verify(forged[(i * 5 + seed) % 64], out var fault) is not null || fault != AuthFault.BadSignature;
                if (!good || bad)
                {
                    Interlocked.Increment(ref wrong);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, wrong);
        Assert.InRange(verifier.Cached, 1, 16);
    }
}
