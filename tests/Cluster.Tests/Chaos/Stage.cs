using System.Globalization;

namespace FastPush.Cluster.Tests.Chaos;

/// <summary>A gateway as clients find it: an address, and which process it is (<c>g1#3</c>: the third process, in place 1).</summary>
internal sealed record Place(int Gateway, string Process, Uri Address);

/// <summary>Redis and three gateways, each with its own way to Redis.</summary>
internal sealed class Stage : IAsyncDisposable
{
    public const int Size = 3;

    // Short, so that a minute sees many deaths and repetitions; no message is given up.
    private static readonly string[] s_arguments =
    [
        "--FastPush:Cluster:FreshWaitMs=100",
        "--FastPush:Cluster:HeartBeatMs=500",
        "--FastPush:Cluster:DeadAfterMs=2500",
        "--FastPush:Ack:TimeoutMs=4000",
        "--FastPush:Ack:Retries=100",
        "--FastPush:Drain:TimeoutMs=8000",
        "--FastPush:Drain:ReadinessMs=300",
        "--FastPush:Drain:SpreadMs=500",
    ];

    private readonly GatewayProcess[] _gateways = new GatewayProcess[Size];
    private readonly Place[] _places = new Place[Size];
    private readonly TcpProxy[] _proxies;
    private readonly List<string> _endedLogs = [];
    private int _processes;

    private Stage(RedisServer redis)
    {
        Redis = redis;
        _proxies = [.. Enumerable.Range(0, Size).Select(_ => TcpProxy.Start(redis.Port))];
    }

    public RedisServer Redis { get; }

    public TokenSigner Signer { get; } = new();

    /// <summary>For publishers and looks from outside; each request with its own deadline.</summary>
    public HttpClient Http { get; } = new();

    public IReadOnlyList<TcpProxy> Proxies => _proxies;

    public IReadOnlyList<GatewayProcess> Gateways => _gateways;

    /// <summary>What all gateways printed, the ended ones too.</summary>
    public IEnumerable<string> Logs => [.. _endedLogs, .. _gateways.Select((gateway, i) => $"-- {_places[i].Process}\n{gateway.Log}")];

    public static async Task<Stage> StartAsync()
    {
        var stage = new Stage(await RedisServer.StartAsync(new RedisSettings { AppendOnly = true }));
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Size).Select(i => stage.StartAsync(i, GatewayState.Ready)));
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public Place At(int gateway) => _places[gateway];

    /// <summary>Puts a new process in the place of one that has ended; it need not be ready.</summary>
    public async Task ReplaceAsync(int gateway)
    {
        var (old, process) = (_gateways[gateway], _places[gateway].Process);
        await StartAsync(gateway, GatewayState.Live);
        lock (_endedLogs)
        {
            _endedLogs.Add($"-- {process}\n{old.Log}");
        }

        await old.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_gateways.Where(g => g is not null).Select(gateway => gateway.DisposeAsync().AsTask()));
        foreach (var proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }

        await Redis.DisposeAsync();
        Http.Dispose();
        Signer.Dispose();
    }

    private async Task StartAsync(int gateway, GatewayState state)
    {
        var number = Interlocked.Increment(ref _processes);
        _gateways[gateway] = await GatewayProcess.StartAsync(
            [$"--FastPush:Redis={Redis.ConfigurationAt(_proxies[gateway].Port)}", .. s_arguments], state, Signer);
        var name = string.Create(CultureInfo.InvariantCulture, $"g{gateway}#{number}");
        _places[gateway] = new Place(gateway, name, _gateways[gateway].Address);
    }
}
