using FastPush.Redis.Testing;
using FastPush.Relay.Links;

namespace FastPush.Relay.Tests.Links;

/// <summary>Passwords, users, TLS, replicas: what lets the relay in, and how it says what does not.</summary>
public sealed class RelayLoginTests
{
    [Fact]
    public async Task A_password_lets_in_and_a_wrong_or_missing_one_is_told()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Password = "secret" });
        var address = $"127.0.0.1:{redis.Port}";
        await using (var right = Relays.Start(redis, 1))
        {
            await right.UpAsync();
        }

        await using var wrong = Relays.Start($"{address},password=guess", 1);
        await using var missing = Relays.Start(address, 1);
        await wrong.DownAsync($"{address} refuses the user name or password: WRONGPASS");
        await missing.DownAsync($"{address} wants a password: NOAUTH");
        Assert.DoesNotContain(wrong.Log.Lines, line => line.Contains("guess", StringComparison.Ordinal));
        Assert.Single(wrong.Log.Lines);
    }

    [Fact]
    public async Task A_password_that_was_mended_lets_in_without_a_restart()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Password = "secret" });
        await using var a = Relays.Start($"127.0.0.1:{redis.Port},password=other", 1);
        await a.DownAsync("WRONGPASS");
        await redis.CommandAsync("CONFIG", "SET", "requirepass", "other");
        await a.UpAsync();
    }

    [Fact]
    public async Task An_ACL_user_lets_in()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { User = "fastpush", Password = "secret" });
        await using var a = await Relays.StartUpAsync(redis, 1);
        await using var b = await Relays.StartUpAsync(redis, 2);
        Assert.True(a.TryPublish(2, "hello"));
        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 1);
        await using var unknown = Relays.Start($"127.0.0.1:{redis.Port},user=nobody,password=secret", 1);
        await unknown.DownAsync("refuses the user name or password");
    }

    [Fact]
    public async Task A_user_without_the_right_to_the_channels_is_told_so()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("ACL", "SETUSER", "reader", "on", ">secret", "~*", "resetchannels", "&push:relay:*", "+@all");
        await redis.CommandAsync("ACL", "SETUSER", "blind", "on", ">secret", "~*", "resetchannels", "+@all");
        await using var may = await Relays.StartUpAsync($"127.0.0.1:{redis.Port},user=reader,password=secret", 1);
        await using var mayNot = Relays.Start($"127.0.0.1:{redis.Port},user=blind,password=secret", 2);
        await mayNot.DownAsync("refuses the subscription of push:relay:2:0: NOPERM");
        Assert.True(may.Relay.IsUp);
    }

    [Fact]
    public async Task A_user_without_the_right_to_publish_gets_all_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("ACL", "SETUSER", "mute", "on", ">secret", "~*", "&*", "+@all", "-publish");
        await using var a = await Relays.StartUpAsync($"127.0.0.1:{redis.Port},user=mute,password=secret", 1);
        await using var b = await Relays.StartUpAsync(redis, 2);

        Assert.True(a.TryPublish(2, "one"));
        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 1);
        Assert.True(a.TryPublish(2, "two"));
        await a.Receiver.UntilAsync(() => a.Receiver.Undelivered.Count == 2);
        Assert.True(a.Relay.IsUp);
        Assert.Single(a.Log.Lines, line => line.Contains("NOPERM", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TLS_with_a_given_authority_and_host_name()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Tls = true, Password = "secret" });
        var authority = redis.Certificates!.AuthorityPath;
        RelayOptions Trust(RelayOptions options) => options with { Address = options.Address with { SslCaFile = authority } };
        await using var a = await Relays.StartUpAsync(redis, 1, Trust);
        await using var b = await Relays.StartUpAsync(redis, 2, Trust);

        for (var i = 0; i < 2000; i++)
        {
            Assert.True(a.TryPublish(2, $"{i} {new string('x', 500)}"));
        }

        await b.Receiver.UntilAsync(() => b.Receiver.Messages.Count == 2000);
        Assert.Equal(Enumerable.Range(0, 2000), b.Receiver.Messages.Select(message => int.Parse(message.Split(' ')[0])));
        await redis.RestartAsync();
        await a.Receiver.UntilAsync(() => a.Receiver.States.Count(state => state == "up") >= 2);
    }

    [Fact]
    public async Task TLS_refuses_what_it_cannot_trust_and_says_why()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Tls = true });
        await using var plain = await RedisServer.StartAsync();
        var authority = redis.Certificates!.AuthorityPath;
        RelayOptions Trust(RelayOptions options) => options with { Address = options.Address with { SslCaFile = authority } };

        await using var unknown = Relays.Start(redis, 1);
        await using var misnamed = Relays.Start($"127.0.0.1:{redis.Port},ssl=true,sslHost=elsewhere", 1, Trust);
        await using var noTls = Relays.Start($"127.0.0.1:{plain.Port},ssl=true,connectTimeout=1000", 1, Trust);
        await using var wantsTls = Relays.Start($"127.0.0.1:{redis.Port}", 1);
        await using var noFile = Relays.Start(
            redis, 1, options => options with { Address = options.Address with { SslCaFile = authority + ".missing" } });

        await unknown.DownAsync($"TLS with 127.0.0.1:{redis.Port} failed: The remote certificate is invalid");
        await misnamed.DownAsync("RemoteCertificateNameMismatch");
        await noTls.DownAsync($"127.0.0.1:{plain.Port}");
        await wantsTls.DownAsync($"127.0.0.1:{redis.Port}");
        await noFile.DownAsync("TLS with");
    }

    [Fact]
    public async Task Of_a_primary_and_its_replica_the_primary_is_used()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisSettings { ReplicaOf = primary });
        await using var only = Relays.Start(replica, 1);
        await using var both = await Relays.StartUpAsync($"{replica.Configuration},{primary.Configuration}", 2);

        await only.DownAsync($"127.0.0.1:{replica.Port} is a replica; the relay needs its primary");
        var channels = (object?[])(await primary.CommandAsync("PUBSUB", "CHANNELS"))!;
        Assert.Equal(4, channels.Length);
    }

    [Fact]
    public async Task A_primary_that_becomes_a_replica_is_left()
    {
        await using var first = await RedisServer.StartAsync();
        await using var second = await RedisServer.StartAsync(new RedisSettings { ReplicaOf = first });
        await using var a = await Relays.StartUpAsync(
            $"{first.Configuration},{second.Configuration}", 1, options => options with { CheckPeriod = TimeSpan.FromMilliseconds(100) });

        await second.CommandAsync("REPLICAOF", "NO", "ONE");
        await first.CommandAsync("REPLICAOF", "127.0.0.1", Relays.Number(second.Port));
        await a.DownAsync("it has become a replica");
        await a.UpAsync();
        Assert.Equal(4, ((object?[])(await second.CommandAsync("PUBSUB", "CHANNELS"))!).Length);
    }
}
