using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Keys that others read (P3): their names, what they hold and how long they live.</summary>
public sealed class KeyTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private Fleet _fleet = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _fleet = await Fleet.StartAsync(_redis.Configuration, 1, GatewayState.Ready, null, "--FastPush:Limits:RateScope=fleet");
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task<long> NumberAsync(params string[] command) => (long)(await _redis.CommandAsync(command))!;

    private Task<long> SecondsAsync(string key) => NumberAsync("TTL", key);

    [Fact]
    public async Task The_registry_of_a_user_and_of_a_session()
    {
        var bob = await _fleet.ConnectAsync(0, "bob");
        await Deadline.Until(async () => await NumberAsync("SCARD", "push:session:{bob}") == 1);
        var session = (string)((object?[])(await _redis.CommandAsync("SMEMBERS", "push:session:{bob}"))!)[0]!;
        Assert.InRange(await SecondsAsync("push:session:{bob}"), 3500, 3600);
        var key = $"push:session:{{{session}}}";
        await Deadline.Until(async () => await NumberAsync("EXISTS", key) == 1);
        Assert.Equal("bob", await _redis.CommandAsync("HGET", key, "userId"));
        Assert.Equal(session.Split('.')[0], await _redis.CommandAsync("HGET", key, "serverId"));
        Assert.InRange(await SecondsAsync(key), 3500, 3600);
        await Deadline.Until(async () => "online".Equals(await _redis.CommandAsync("GET", "push:presence:{bob}")));
        Assert.InRange(await SecondsAsync("push:presence:{bob}"), 20, 60);

        await bob.DisconnectAsync();
        await Deadline.Until(async () => await NumberAsync("EXISTS", key, "push:session:{bob}") == 0);
        await Deadline.Until(async () =>
            await _redis.CommandAsync("GET", "push:presence:{bob}") is string { Length: 13 } left && left.All(char.IsAsciiDigit));
    }

    [Fact]
    public async Task The_offline_list_has_a_thousand_at_most_the_newest()
    {
        for (var first = 0; first < 1_200; first += 400)
        {
            using var answer = await _fleet.PostAsync(
                0, Enumerable.Range(first, 400).Select(i => new { to = new { user = "bob", queue = "q" }, payload = i }).ToArray());
            Assert.True(answer.IsSuccessStatusCode);
        }

        Assert.Equal("list", await _redis.CommandAsync("TYPE", "push:offline:{bob}:q"));
        Assert.Equal(1_000, await NumberAsync("LLEN", "push:offline:{bob}:q"));
        var bob = await _fleet.SubscribeAsync(0, "bob", "/user/queue/q");
        Assert.Equal("200", (await bob.NextAsync()).Body);
    }

    [Fact]
    public async Task An_idempotency_key_and_a_token_bucket()
    {
        var token = _fleet.Signer.Sign("backend", rate: 10, burst: 100);
        using var answer = await _fleet.PostAsync(0, new { to = new { user = "bob" }, payload = 1, idempotencyKey = "k" }, token: token);
        Assert.True(answer.IsSuccessStatusCode);
        await Deadline.Until(async () => await SecondsAsync("push:dedup:{backend/k}") is > 500 and <= 600);
        Assert.Matches("^[0-9]+$", (string)(await _redis.CommandAsync("GET", "push:dedup:{backend/k}"))!);

        // It goes when the bucket is full again, after a second at least.
        await Deadline.Until(async () =>
        {
            using var more = await _fleet.PostAsync(0, new { to = new { topic = "t" }, payload = 1 }, token: token);
            return await NumberAsync("PTTL", "push:ratelimit:{backend}") is > 0 and <= 11_000;
        });
    }

    [Fact]
    public async Task A_claim_of_a_server_that_died_before_it_stored_the_message_is_taken_over_under_its_id()
    {
        var bob = await _fleet.SubscribeAsync(0, "bob", "/user/queue/messages");
        const string Id = "290000000000000"; // Of server 1000 or so, which there is not.
        await _redis.CommandAsync("SET", "push:dedup:{backend/died}", "?" + Id, "PX", "30000");
        for (var i = 0; i < 2; i++)
        {
            using var answer = await _fleet.PostAsync(0, new { to = new { user = "bob" }, payload = 1, idempotencyKey = "died" });
            Assert.Equal($$"""{"messageId":"{{Id}}"}""", await answer.Content.ReadAsStringAsync());
        }

        using var last = await _fleet.PostAsync(0, new { to = new { user = "bob" }, payload = 2 });
        Assert.True(last.IsSuccessStatusCode);
        Assert.Equal(Id, (await bob.NextAsync())["message-id"]);
        Assert.Equal("2", (await bob.NextAsync()).Body);
    }

    [Fact]
    public async Task A_server_that_ends_takes_with_it_what_names_it()
    {
        var bob = await _fleet.SubscribeAsync(0, "bob", "/user/queue/q");
        await Deadline.Until(async () => await NumberAsync("SCARD", "push:session:{bob}") == 1);
        Assert.Equal(1, await NumberAsync("HLEN", "push:queues:{bob}:q"));
        var token = (string)((object?[])(await _redis.CommandAsync("ZRANGE", "push:servers", "0", "-1"))!)[0]!;
        var lease = $"push:server:{token.Split('.')[0]}";
        Assert.Matches("^[0-9A-F]{32} ", (string)(await _redis.CommandAsync("GET", lease))!);

        Assert.Equal(0, await _fleet.Gateways[0].TerminateAsync(TimeSpan.FromSeconds(40)));
        Assert.Equal(1012, (await bob.Ended).Code);
        Assert.Equal("0", await _redis.CommandAsync("EVAL", "return tostring(#redis.call('KEYS', 'push:session:*'))", "0"));
        Assert.Equal(0, await NumberAsync("EXISTS", "push:queues:{bob}:q"));
        Assert.Matches("^[0-9]{13}$", (string)(await _redis.CommandAsync("GET", "push:presence:{bob}"))!);
        Assert.StartsWith("-", (string)(await _redis.CommandAsync("ZSCORE", "push:servers", token))!, StringComparison.Ordinal);
        Assert.StartsWith("- ", (string)(await _redis.CommandAsync("GET", lease))!, StringComparison.Ordinal);
        Assert.InRange(await SecondsAsync(lease), 1, 60);
    }

    [Fact]
    public async Task Nothing_stays_of_a_topic_that_is_over()
    {
        await using var fleet = await Fleet.StartAsync(
            _redis.Configuration, 2, GatewayState.Ready, null, "--FastPush:History:AgeSeconds=4");
        var reader = await fleet.SubscribeAsync(1, "reader", "/topic/read");
        for (var i = 0; i < 20; i++)
        {
            await fleet.PublishAsync(0, new { to = new { topic = $"once.{i}" }, payload = i });
        }

        await fleet.PublishAsync(0, new { to = new { topic = "read" }, payload = 1 });
        Assert.Equal("1", (await reader.NextAsync()).Body);
        await Deadline.Until(async () => await CountAsync("push:*:{/topic/once.*") == 0);
        Assert.Equal(1, await NumberAsync("HLEN", "push:interest:{/topic/read}")); // Its listener.

        // The publisher has forgotten it, and asks again.
        await fleet.PublishAsync(0, new { to = new { topic = "read" }, payload = 2 });
        Assert.Equal("2", (await reader.NextAsync()).Body);
        await reader.DisconnectAsync();
        await Deadline.Until(async () => await CountAsync("push:*:{/topic/*") == 0);
    }

    private async Task<int> CountAsync(string pattern) => ((object?[])(await _redis.CommandAsync("KEYS", pattern))!).Length;
}
