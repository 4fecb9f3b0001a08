using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Topics;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Topics;

/// <summary>What the shared history of a topic keeps, and for how long.</summary>
public sealed class TopicHistoryTests(RedisServer redis) : TopicStoreTestBase(redis)
{
    [Fact]
    public async Task The_last_hundred_are_read_in_order_and_not_many_more_are_kept()
    {
        for (var i = 1; i <= 1_000; i++)
        {
            Append();
            await Shared.FlushAsync(Topic());
        }

        Assert.Equal(Ids(901, Kept), await ReadAsync());
        Assert.Equal(Ids(996, 5), await ReadAsync(after: 995));

        // Twice as many, and what shares a node of the stream with them.
        Assert.InRange((int)await Redis.Database.ExecuteAsync("XLEN", Key()), Kept, (2 * Kept) + 100);
        Assert.Equal(1, (await CommandsAsync())["pexpire"]);
    }

    [Fact]
    public async Task What_comes_in_heaps_is_trimmed_too()
    {
        for (var i = 0; i < 20; i++)
        {
            AppendToEach(1, times: 60);
            await Shared.FlushAsync(Topic());
        }

        Assert.Equal(Ids(1101, Kept), await ReadAsync());

        // Of twenty items; those of one ms are kept or trimmed together.
        Assert.InRange((int)await Redis.Database.ExecuteAsync("XLEN", Key()), 2, 10);
    }

    [Fact]
    public async Task What_several_servers_write_is_read_as_one_history()
    {
        await using var other = Topics(Store, 2);
        for (var i = 1; i <= 300; i++)
        {
            var writer = i % 3 == 0 ? other : Shared;
            Append(to: writer);
            if (i % 7 == 0)
            {
                await Task.WhenAll(Shared.FlushAsync(Topic()), other.FlushAsync(Topic()));
            }
        }

        await Task.WhenAll(Shared.FlushAsync(Topic()), other.FlushAsync(Topic()));
        Assert.Equal(Ids(201, Kept), await ReadAsync(from: other));
        Assert.Equal(Ids(291, 10), await ReadAsync(after: 290));
    }

    [Fact]
    public async Task The_time_to_live_is_prolonged_once_a_quarter_and_never_less_than_the_age()
    {
        Append();
        await Shared.FlushAsync(Topic());
        await AssertLivesAsync();
        for (var second = 0; second < AgeSeconds; second += 5)
        {
            Time.Advance(TimeSpan.FromSeconds(5));
            Append();
            await Shared.FlushAsync(Topic());
        }

        Assert.Equal(5, (await CommandsAsync())["pexpire"]);
        Assert.Equal(1 + (AgeSeconds / 5), (await CommandsAsync())["xadd"]);
    }

    [Fact]
    public async Task A_stream_that_Redis_no_longer_has_is_made_again_with_its_time_to_live()
    {
        Append();
        await Shared.FlushAsync(Topic());
        await Redis.Server.FlushAllDatabasesAsync();
        Append();
        await Shared.FlushAsync(Topic());
        Assert.Equal(new long[] { 2 }, await ReadAsync());
        await AssertLivesAsync();
    }

    [Fact]
    public async Task What_is_older_than_the_age_is_not_read()
    {
        Append();
        Append();
        await Shared.FlushAsync(Topic());
        await Redis.Database.ExecuteAsync("EVAL", """
            local item = redis.call('XRANGE', KEYS[1], '-', '+')[1][2]
            local now = redis.call('TIME')[1]
            redis.call('XADD', KEYS[2], (now - 310) * 1000 .. '-0', item[1], item[2])
            redis.call('XADD', KEYS[2], (now - 200) * 1000 .. '-0', item[3], item[4])
            """, 2, Key(), Key(1));
        Assert.Equal(new long[] { 1, 2 }, await ReadAsync());
        Assert.Equal(new long[] { 2 }, await ReadAsync(1));
    }

    [Fact]
    public async Task A_stream_that_cannot_be_written_keeps_no_other_from_it()
    {
        await Redis.Database.StringSetAsync(Key(1), "not a stream");
        AppendToEach(3);
        await WriteAllAsync(async () => await StreamsAsync() == 3);
        Assert.Equal(new long[] { 1 }, await ReadAsync(0));
        Assert.Equal(new long[] { 3 }, await ReadAsync(2));
    }

    private async Task AssertLivesAsync() => Assert.InRange(
        (await Redis.Database.KeyTimeToLiveAsync(Key()))!.Value.TotalSeconds, AgeSeconds + 1, AgeSeconds * 1.25);

    [Fact]
    public async Task It_says_whether_something_after_a_message_is_missing()
    {
        AppendToEach(topics: 1, times: 10);
        await Shared.FlushAsync(Topic());
        Assert.True(await IsCompleteAsync(after: 5));
        Assert.True(await IsCompleteAsync(after: 10));
        Assert.False(await IsCompleteAsync(after: 11)); // Nobody knows it, and it is too old to be sure.

        AppendToEach(topics: 1, times: Kept);
        await Shared.FlushAsync(Topic());
        Assert.False(await IsCompleteAsync(after: 5));
        Assert.True(await IsCompleteAsync(after: 10));
    }

    [Fact]
    public async Task Redis_says_how_far_back_a_stream_reaches()
    {
        Assert.Equal(0, (await KnownAsync())[2]);
        await Redis.Database.ExecuteAsync("XADD", Key(), "1000-0", "e", "1");
        await Redis.Database.ExecuteAsync("XADD", Key(), "2000-0", "e", "2");
        Assert.Equal([1000, 0], (await KnownAsync()).Skip(1));
        await Redis.Database.ExecuteAsync("XTRIM", Key(), "MAXLEN", "1");
        Assert.Equal([2000, 1], (await KnownAsync()).Skip(1));
    }

    private async Task<long[]> KnownAsync() =>
        (long[])(await Redis.Database.ScriptEvaluateAsync(TopicScripts.Known, new RedisKey[] { Key() }))!;

    private async Task<bool> IsCompleteAsync(long after)
    {
        var (messages, isComplete) = await Shared.ReadAsync(Topic(), after);
        foreach (var message in messages)
        {
            message.Release();
        }

        return isComplete;
    }
}
