using System.Reflection;
using System.Text.RegularExpressions;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;

namespace FastPush.Relay.Tests.Redis;

/// <summary>A Redis that answers but cannot keep what it is given counts as away, with the reason.</summary>
public sealed partial class RedisProbeTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private RedisStore _store = null!;

    public async Task InitializeAsync() => _store = await Stores.ConnectAsync(redis);

    public async Task DisposeAsync() => await _store.DisposeAsync();

    private Task AssertDownAsync(string word) =>
        Until.TrueAsync(() => !_store.IsUp && _store.Reason.Contains(word, StringComparison.OrdinalIgnoreCase));

    private Task AssertUpAsync() => Until.TrueAsync(() => _store.IsUp);

    [Fact]
    public void Every_command_of_a_script_is_asked_for()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var scripts = typeof(RedisStore).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(all))
            .Where(field => field.IsLiteral && field.FieldType == typeof(string))
            .Select(field => (string)field.GetRawConstantValue()!)
            .ToList();
        var given = scripts.SelectMany(script => Call().Matches(script).Select(call => call.Groups[1].Value)).Distinct().ToList();
        Assert.InRange(given.Count, 30, 100);
        Assert.Equal([], given.Except(RedisProbe.Commands));
    }

    [Fact]
    public async Task Without_the_right_to_one_command_it_is_not_up()
    {
        foreach (var command in RedisProbe.Commands.Concat(["PUBLISH", "SUBSCRIBE"]).Distinct())
        {
            await redis.Database.ExecuteAsync("ACL", "SETUSER", "default", $"-{command}");
            await AssertDownAsync(command is "SET" or "INFO" ? "right" : command);
            await redis.Database.ExecuteAsync("ACL", "SETUSER", "default", "+@all");
            await AssertUpAsync();
        }
    }

    [Theory]
    [InlineData("resetkeys ~push:probe* ~push:queues:*")]
    [InlineData("resetchannels &other:*")]
    public async Task Without_the_right_to_a_key_or_a_channel_it_is_not_up(string rules)
    {
        await redis.Database.ExecuteAsync("ACL", ["SETUSER", "default", .. rules.Split(' ')]);
        await AssertDownAsync("no right to");
        await redis.Database.ExecuteAsync("ACL", "SETUSER", "default", "allkeys", "allchannels");
        await AssertUpAsync();
    }

    [Theory]
    [InlineData("allkeys-lru")]
    [InlineData("volatile-ttl")]
    public async Task A_Redis_that_may_evict_is_not_up(string policy)
    {
        await redis.Server.ConfigSetAsync("maxmemory-policy", policy);
        await AssertUpAsync(); // Without a bound nothing is evicted.
        await redis.Server.ConfigSetAsync("maxmemory", "100mb");
        await AssertDownAsync(policy);
        await redis.Server.ConfigSetAsync("maxmemory-policy", "noeviction");
        await AssertUpAsync();
        await redis.Server.ConfigSetAsync("maxmemory", "0");
    }

    [GeneratedRegex(@"redis\.p?call\('([A-Z]+)'")]
    private static partial Regex Call();
}
