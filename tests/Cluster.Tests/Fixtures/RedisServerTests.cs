namespace FastPush.Cluster.Tests.Fixtures;

public sealed class RedisServerTests
{
    [Fact]
    public async Task It_comes_back_on_the_same_port_with_what_it_answered_before_a_kill()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendOnly = true });
        await redis.CommandAsync("SET", "key", "value");
        var (port, pid) = (redis.Port, redis.Pid);
        await redis.KillAsync();
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => redis.CommandAsync("PING"));
        await redis.RestartAsync();
        Assert.Equal("value", await redis.CommandAsync("GET", "key"));
        Assert.Equal(port, redis.Port);
        Assert.NotEqual(pid, redis.Pid);
        await redis.StopAsync();
        Assert.Contains("ready to exit, bye bye", redis.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_one_answers_when_it_goes_on()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Pause();
        var answer = redis.CommandAsync("PING");
        var stat = $"/proc/{redis.Pid}/stat";
        await Deadline.Until(async () => (await File.ReadAllTextAsync(stat)).Contains(") T ", StringComparison.Ordinal));
        Assert.False(answer.IsCompleted);
        redis.Resume();
        Assert.Equal("PONG", await answer);
    }

    [Fact]
    public async Task It_lets_in_by_password_or_as_an_ACL_user_over_TLS()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { User = "gateway", Password = "secret", Tls = true });
        Assert.Equal("gateway", await redis.CommandAsync("ACL", "WHOAMI"));
        var fault = await Assert.ThrowsAsync<RedisErrorException>(
            () => RespClient.OpenAsync(redis.EndPoint, null, "other", redis.Certificates, Deadline.Token()));
        Assert.Contains("WRONGPASS", fault.Message, StringComparison.Ordinal);
        Assert.Equal($"127.0.0.1:{redis.Port},user=gateway,password=secret,ssl=true,sslHost=localhost", redis.Configuration);

        await using var other = await RedisServer.StartAsync(new RedisSettings { Password = "p" });
        Assert.Equal("PONG", await other.CommandAsync("PING"));
    }

    [Fact]
    public async Task A_full_one_refuses_writes()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { MaxMemory = "2mb" });
        var fault = await Assert.ThrowsAsync<RedisErrorException>(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await redis.CommandAsync("SET", $"key{i}", new string('x', 100_000));
            }
        });
        Assert.StartsWith("OOM", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_has_what_its_primary_has_and_refuses_writes()
    {
        await using var primary = await RedisServer.StartAsync(new RedisSettings { Password = "p" });
        await using var replica = await RedisServer.StartAsync(new RedisSettings { ReplicaOf = primary });
        await primary.CommandAsync("SET", "key", "value");
        await Deadline.Until(async () => (string?)await replica.CommandAsync("GET", "key") == "value");
        var fault = await Assert.ThrowsAsync<RedisErrorException>(() => replica.CommandAsync("SET", "key", "other"));
        Assert.StartsWith("READONLY", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_are_one_cluster_whose_slots_move()
    {
        await using var cluster = await RedisCluster.StartAsync();
        var slot = await cluster.SlotOfAsync("key");
        var (from, to) = (cluster.OwnerOf(slot), (cluster.OwnerOf(slot) + 1) % 3);
        await cluster.Servers[from].CommandAsync("SET", "key", "value");
        await cluster.MoveSlotAsync(slot, to, async () =>
        {
            var ask = await Assert.ThrowsAsync<RedisErrorException>(() => cluster.Servers[from].CommandAsync("GET", $"{{key}}2"));
            Assert.StartsWith("ASK", ask.Message, StringComparison.Ordinal);
        });
        Assert.Equal("value", await cluster.Servers[to].CommandAsync("GET", "key"));
        var moved = await Assert.ThrowsAsync<RedisErrorException>(() => cluster.Servers[from].CommandAsync("GET", "key"));
        Assert.Equal($"MOVED {slot} 127.0.0.1:{cluster.Servers[to].Port}", moved.Message);
        Assert.Equal(to, cluster.OwnerOf(slot));
    }
}
