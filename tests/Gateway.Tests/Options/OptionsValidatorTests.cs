using FastPush.Gateway.Auth;
using FastPush.Gateway.Options;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Tests.Options;

public sealed class OptionsValidatorTests
{
    private static string[] Faults(GatewayOptions options, bool isDevelopment = true) =>
        [.. OptionsValidator.Validate(options, new JwtOptions(), isDevelopment)];

    [Fact]
    public void The_defaults_are_good() => Assert.Empty(Faults(new GatewayOptions()));

    [Fact]
    public void Without_a_key_only_development_starts() =>
        Assert.Contains("FastPush:Jwt", Assert.Single(Faults(new GatewayOptions(), isDevelopment: false)), StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_found_at_once_each_with_its_key()
    {
        var faults = Faults(new GatewayOptions
        {
            ServerId = 1024,
            Redis = "localhost,colour=red",
            Kafka = "localhost",
            Postgres = "localhost",
            Roles = "gateway,,cook",
            Origins = ["not an origin"],
            Limits = new LimitOptions
            {
                FrameBytes = 0,
                Headers = 1,
                OutboxBytes = 1,
                MessageMemoryBytes = 1,
                Connections = 0,
                RateScope = "galaxy",
            },
            HeartBeat = new HeartBeatOptions { SendMs = -1, WantMs = int.MaxValue },
            Ack = new AckOptions { TimeoutMs = 0, Retries = -1, Prefetch = 2000 },
            Drain = new DrainOptions { TimeoutMs = 1000, ReadinessMs = 2000, SpreadMs = 3000 },
            Offline = new OfflineOptions { Messages = 0, Bytes = 0, TtlSeconds = 0 },
            History = new HistoryOptions { Messages = 0, AgeSeconds = 0, Deliveries = 0 },
            Engine = new EngineOptions { Threads = -1 },
        });
        foreach (var key in new[]
        {
            "ServerId", "Redis", "Kafka", "Postgres", "Roles: ''", "Roles: 'cook'", "Origins", "Limits:FrameBytes", "Limits:Headers",
            "Limits:OutboxBytes", "Limits:MessageMemoryBytes", "Limits:Connections", "Limits:RateScope",
            "HeartBeat:SendMs", "HeartBeat:WantMs",
            "Ack:TimeoutMs", "Ack:Retries", "Ack:Prefetch", "Drain:ReadinessMs", "Drain:SpreadMs", "Offline:Messages",
            "Offline:Bytes", "Offline:TtlSeconds", "History:Messages", "History:AgeSeconds", "History:Deliveries", "Engine:Threads",
        })
        {
            Assert.Contains(faults, f => f.StartsWith($"FastPush:{key}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_memory_for_messages_holds_at_least_an_outbox_and_two_frames()
    {
        var limits = new LimitOptions { FrameBytes = 1 << 20, OutboxBytes = 1 << 20, MessageMemoryBytes = 3 << 20 };
        Assert.Empty(Faults(new GatewayOptions { Limits = limits }));
        var fault = Assert.Single(Faults(new GatewayOptions { Limits = limits with { MessageMemoryBytes = (3 << 20) - 1 } }));
        Assert.StartsWith("FastPush:Limits:MessageMemoryBytes", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Readers_obey_the_configured_sizes()
    {
        var limits = new LimitOptions { FrameBytes = 1, Headers = 2, HeaderLineBytes = 3, UpgradeHeadBytes = 4 }.ToProtocol();
        Assert.Equal((1, 2, 3, 4), (limits.FrameBytes, limits.Headers, limits.HeaderLineBytes, limits.UpgradeHeadBytes));
    }
}
