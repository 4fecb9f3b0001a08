using System.Globalization;
using System.Text;
using FastPush.Redis.Testing;
using FastPush.Relay.Links;
using FastPush.Relay.Redis;
using LineLog = FastPush.Relay.Tests.Testing.LineLog;

namespace FastPush.Relay.Tests.Links;

/// <summary>A running relay with what it told and logged.</summary>
internal sealed class Relays : IAsyncDisposable
{
    private Relays(RelayOptions options)
    {
        Relay = new RedisRelay(options, Receiver, TimeProvider.System, Log);
        Relay.Start();
    }

    public RedisRelay Relay { get; }

    public Receiver Receiver { get; } = new();

    public LineLog Log { get; } = new();

    /// <summary>Finds soon that nobody answers; but a machine that stands still for a moment is no failure.</summary>
    public static RelayOptions Watchful(RelayOptions options) => options with
    {
        PingAfter = TimeSpan.FromMilliseconds(300),
        PingTimeout = TimeSpan.FromSeconds(3),
    };

    /// <summary>Starts one and does not wait. It comes back soon, so that tests of failures are short.</summary>
    public static Relays Start(string configuration, int serverId, Func<RelayOptions, RelayOptions>? change = null)
    {
        var options = new RelayOptions
        {
            Address = RedisAddress.Parse(configuration),
            ServerId = serverId,
            PingAfter = TimeSpan.FromSeconds(10),
            PingTimeout = TimeSpan.FromSeconds(30),
            BackoffMin = TimeSpan.FromMilliseconds(20),
            BackoffMax = TimeSpan.FromMilliseconds(200),
        };
        return new Relays(change?.Invoke(options) ?? options);
    }

    public static async Task<Relays> StartUpAsync(string configuration, int serverId, Func<RelayOptions, RelayOptions>? change = null)
    {
        var relays = Start(configuration, serverId, change);
        await relays.UpAsync();
        return relays;
    }

    public static Relays Start(RedisServer redis, int serverId, Func<RelayOptions, RelayOptions>? change = null) =>
        Start(redis.Configuration, serverId, change);

    public static Task<Relays> StartUpAsync(RedisServer redis, int serverId, Func<RelayOptions, RelayOptions>? change = null) =>
        StartUpAsync(redis.Configuration, serverId, change);

    public Task UpAsync() => Receiver.UntilAsync(() => Relay.IsUp);

    /// <summary>Waits until a reason with this text was told.</summary>
    public Task DownAsync(string text) => Receiver.UntilAsync(
        () => Receiver.States.Any(state => state.StartsWith("down", StringComparison.Ordinal)
            && state.Contains(text, StringComparison.Ordinal)));

    public bool TryPublish(int serverId, string message, uint hash = 0) =>
        Relay.TryPublish(serverId, hash, Encoding.UTF8.GetBytes(message));

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => Relay.DisposeAsync();
}
