using FastPush.Gateway.Limits;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Limits;

public sealed class TokenBucketTests
{
    private static int TakeAll(ref TokenBucket bucket, long nowMs, int burst, double perSecond)
    {
        var taken = 0;
        while (taken < 10_000 && bucket.TryTake(nowMs, burst, perSecond))
        {
            taken++;
        }

        return taken;
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 10)]
    [InlineData(5, 1000)]
    [InlineData(7, 0.5)]
    [InlineData(3, 3)]
    public void A_full_bucket_gives_its_burst_and_refills_at_its_rate(int burst, double perSecond)
    {
        var bucket = new TokenBucket();
        Assert.Equal(burst, TakeAll(ref bucket, 1_000_000, burst, perSecond));
        var oneTokenMs = (long)Math.Ceiling(1000 / perSecond);
        Assert.Equal(0, TakeAll(ref bucket, 1_000_000 + oneTokenMs - 1, burst, perSecond));
        Assert.True(bucket.TryTake(1_000_000 + oneTokenMs, burst, perSecond));
        Assert.Equal(burst, TakeAll(ref bucket, 10_000_000, burst, perSecond));
    }

    [Fact]
    public void Over_a_long_time_it_gives_the_burst_and_the_rate()
    {
        var bucket = new TokenBucket();
        var taken = 0;
        for (var ms = 1; ms <= 60_000; ms++)
        {
            taken += TakeAll(ref bucket, ms, 20, 10);
        }

        Assert.InRange(taken, 20 + 599, 20 + 600);
    }

    [Fact]
    public void Several_tokens_are_taken_together_or_not_at_all()
    {
        var bucket = new TokenBucket();
        Assert.False(bucket.TryTake(1, 10, 1, 11));
        Assert.True(bucket.TryTake(1, 10, 1, 8));
        Assert.False(bucket.TryTake(1, 10, 1, 3));
        Assert.True(bucket.TryTake(1, 10, 1, 2));
        Assert.False(bucket.TryTake(1, 10, 1));
    }

    [Fact]
    public void What_was_taken_elsewhere_is_missing_here_and_owed_when_it_was_too_much()
    {
        var bucket = new TokenBucket();
        bucket.Raise(1_000 + 7_000_000);
        bucket.Raise(1_000); // Older news changes nothing.
        Assert.Equal(3, TakeAll(ref bucket, 1, 10, 1));
        bucket.Raise(1_000 + 15_000_000);
        Assert.Equal(0, TakeAll(ref bucket, 5_001, 10, 1));
        Assert.InRange(bucket.WaitMs(5_001, 10, 1), 1_000, 1_001);
        Assert.Equal(1, TakeAll(ref bucket, 6_001, 10, 1));
    }

    [Fact]
    public void A_rate_of_zero_is_no_limit()
    {
        var bucket = new TokenBucket();
        Assert.Equal(10_000, TakeAll(ref bucket, 1, 1, 0));
        Assert.Equal(0, bucket.WaitMs(1, 1, 0));
    }

    [Fact]
    public void It_says_how_long_to_wait_and_is_right()
    {
        var bucket = new TokenBucket();
        Assert.Equal(5, TakeAll(ref bucket, 1, 5, 10));
        var wait = bucket.WaitMs(1, 5, 10);
        Assert.InRange(wait, 100, 101);
        Assert.True(bucket.TryTake(1 + wait, 5, 10));
    }

    [Fact]
    public void It_is_full_again_when_all_its_tokens_are_back()
    {
        var bucket = new TokenBucket();
        Assert.True(bucket.IsFull(1));
        bucket.TryTake(1, 5, 10, 5);
        Assert.False(bucket.IsFull(500));
        Assert.True(bucket.IsFull(501));
    }

    [Fact]
    public void Threads_take_no_more_than_there_is()
    {
        var holder = new User("u", new MemoryAccount(1 << 20), 1 << 16);
        var taken = 0;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                if (holder.Bucket.TryTake(1, 5_000, 1))
                {
                    Interlocked.Increment(ref taken);
                }
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal(5_000, taken);
    }
}
