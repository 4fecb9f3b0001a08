using System.Text;
using FastPush.Gateway.Tests;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Tests.Users;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Tests.Topics;

/// <summary>
/// A topic store on a Redis that counts commands from the beginning of the test. Time stands still but for what a test lets pass.
/// </summary>
public abstract class TopicStoreTestBase(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private protected const int Kept = 100;
    private protected const int AgeSeconds = 300;

    private long _lastId;

    private protected RedisServer Redis => redis;

    private protected ManualTimeProvider Time { get; } = new();

    private protected PayloadPool Pool { get; } = new(64 << 20);

    private protected RedisStore Store { get; private set; } = null!;

    /// <summary>Of server 1.</summary>
    private protected RedisTopicStore Shared { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        Store = await Stores.ConnectAsync(redis, new RedisStoreOptions { ProbeMs = 50, CallTimeoutMs = 30_000 });
        Shared = Topics(Store);
        await redis.Database.ExecuteAsync("CONFIG", "RESETSTAT");
    }

    public async Task DisposeAsync()
    {
        await Shared.DisposeAsync();
        await Store.DisposeAsync();
        Assert.Equal(0, Pool.Outstanding);
    }

    private protected RedisTopicStore Topics(IScriptStore store, int serverId = 1, int writeBehindMs = 200) => new(
        store,
        new Members($"{serverId}.1"),
        serverId,
        Pool,
        new TopicStoreOptions(Kept, AgeSeconds, writeBehindMs, 2_000, 16 << 20),
        Time,
        NullLogger.Instance);

    private protected static byte[] Topic(int number = 0) => Encoding.UTF8.GetBytes($"/topic/t.{number}");

    private protected static string Key(int number = 0) => $"push:history:{{/topic/t.{number}}}";

    private protected void Append(int topic = 0, RedisTopicStore? to = null)
    {
        var envelope = new RelayEnvelope
        {
            OriginServerId = 1,
            MessageId = ++_lastId,
            Destination = Topic(topic),
            TimestampMs = Time.GetUtcNow().ToUnixTimeMilliseconds(),
            Body = new byte[100],
        };
        var message = PayloadEnvelope.Rent(Pool, envelope, null, null)!;
        (to ?? Shared).Append(Topic(topic), message);
        message.Release();
    }

    private protected void AppendToEach(int topics, int times = 1, RedisTopicStore? to = null)
    {
        for (var i = 0; i < topics * times; i++)
        {
            Append(i % topics, to);
        }
    }

    private protected async Task<long[]> ReadAsync(int topic = 0, long after = 0, RedisTopicStore? from = null)
    {
        var (read, _) = await (from ?? Shared).ReadAsync(Topic(topic), after);
        var ids = read.Select(payload => payload.Id).ToArray();
        foreach (var payload in read)
        {
            payload.Release();
        }

        return ids;
    }

    private protected static IEnumerable<long> Ids(int from, int count) => Enumerable.Range(from, count).Select(id => (long)id);

    private protected async Task<int> StreamsAsync() =>
        (int)await redis.Database.ExecuteAsync("EVAL", "return #redis.call('KEYS', 'push:history:*')", 0);

    private protected async Task<Dictionary<string, int>> CommandsAsync()
    {
        var stats = (string)await redis.Database.ExecuteAsync("INFO", "commandstats");
        return stats.Split("\r\n").Where(line => line.StartsWith("cmdstat_", StringComparison.Ordinal)).ToDictionary(
            line => line[8..line.IndexOf(':', StringComparison.Ordinal)], line => int.Parse(line.Split("calls=")[1].Split(',')[0], null));
    }

    // The tick that was let pass may find another still writing, and leave what waits to the next.
    private protected Task WriteAllAsync(Func<Task<bool>> until) => Until.TrueAsync(() =>
    {
        Time.Advance(TimeSpan.FromMilliseconds(200));
        return until();
    });
}
