using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Tests.Topics;

/// <summary>When messages get their place in the histories of their topics, and how many commands of Redis that is.</summary>
public sealed class HistoryWritingTests(RedisServer redis) : TopicStoreTestBase(redis)
{
    [Fact]
    public async Task Many_messages_of_a_topic_are_one_command_and_many_topics_few_calls()
    {
        AppendToEach(60, times: 10);
        await WriteAllAsync(async () => await StreamsAsync() == 60);
        AppendToEach(60, times: 10);
        await WriteAllAsync(async () => await Redis.Database.ExecuteAsync("XLEN", Key(59)) is var length && (int)length == 2);

        var commands = await CommandsAsync();
        Assert.Equal(120, commands["xadd"]);
        Assert.Equal(60, commands["pexpire"]);
        Assert.False(commands.ContainsKey("xtrim"));

        // Two hundred messages a call; the first may be another command, which sends the script too.
        Assert.InRange(commands["evalsha"], 5, 6);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (i * 60) + 8L), await ReadAsync(7));
    }

    [Fact]
    public async Task Of_many_topics_those_that_wait_longest_go_first()
    {
        const int All = (HistoryWriter.TopicsAtOnce * 2) + 50;
        var spy = new StoreSpy(Store);
        await using var topics = Topics(spy);
        AppendToEach(All, to: topics);
        Time.Advance(TimeSpan.FromMilliseconds(200));
        await Until.TrueAsync(async () => await StreamsAsync() == HistoryWriter.TopicsAtOnce);
        Assert.Equal(HistoryWriter.TopicsAtOnce, spy.Written.Count);

        // Those that were written are behind those that still wait.
        AppendToEach(HistoryWriter.TopicsAtOnce, to: topics);
        await WriteAllAsync(() => Task.FromResult(spy.Written.Count == All + HistoryWriter.TopicsAtOnce));
        Assert.Equal(Enumerable.Range(0, All).Concat(Enumerable.Range(0, HistoryWriter.TopicsAtOnce)).Select(Key), spy.Written);
    }

    [Fact]
    public async Task What_has_waited_for_so_long_as_it_may_is_written_however_many_topics_there_are()
    {
        await using var topics = Topics(Store, writeBehindMs: 2_000);
        AppendToEach(500, to: topics);
        Time.Advance(TimeSpan.FromMilliseconds(2_000));
        await Until.TrueAsync(async () => await StreamsAsync() == 500);
        Assert.Equal(500, (await CommandsAsync())["xadd"]);
    }

    [Fact]
    public async Task Who_flushes_gets_all_of_its_topic_at_once_whatever_waits_before_it()
    {
        AppendToEach(200, times: 3);
        await Shared.FlushAsync(Topic(199));
        Assert.Equal(new long[] { 200, 400, 600 }, await ReadAsync(199));
        Assert.Equal(new long[] { 400, 600 }, await ReadAsync(199, after: 200));
        Assert.Equal(1, await StreamsAsync());
        Assert.Equal(1, (await CommandsAsync())["xadd"]);
    }

    [Fact]
    public async Task What_could_not_be_written_is_written_later_in_its_order()
    {
        var spy = new StoreSpy(Store) { Fails = true };
        await using var topics = Topics(spy);
        for (var i = 0; i < 3; i++)
        {
            Append(to: topics);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => topics.FlushAsync(Topic()));
            Append(to: topics);
        }

        spy.Fails = false;
        await topics.FlushAsync(Topic());
        Assert.Equal(Ids(1, 6), await ReadAsync(from: topics));
        Assert.Equal(0, topics.HistoryDropped);
        Assert.Equal(1, (await CommandsAsync())["xadd"]);
    }

    [Fact]
    public async Task In_a_Redis_Cluster_topics_of_a_slot_share_a_call()
    {
        var spy = new StoreSpy(Store) { IsCluster = true };
        await using var topics = Topics(spy);
        for (var topic = 0; topic < 30; topic++)
        {
            Append(topic, topics);
        }

        await WriteAllAsync(async () => await StreamsAsync() == 30);
        Assert.Equal(3, spy.Calls);
    }

    [Fact]
    public async Task What_waits_for_a_store_that_is_away_is_let_go_at_the_end()
    {
        await using var away = new RedisStore("localhost:1", new RedisStoreOptions(), TimeProvider.System, NullLogger.Instance);
        var topics = Topics(away);
        Append(to: topics);
        Append(1, topics);
        Assert.Equal(2, Pool.Outstanding);
        await topics.DisposeAsync();
        Assert.Equal(0, Pool.Outstanding);
    }
}
