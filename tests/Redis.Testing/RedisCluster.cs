using System.Globalization;

namespace FastPush.Redis.Testing;

/// <summary>A Redis Cluster of three primaries without replicas.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;
    private const int KeysAtOnce = 100;

    private readonly List<RedisServer> _servers = [];
    private readonly List<string> _ids = [];
    private readonly Dictionary<int, int> _moved = [];

    private RedisCluster()
    {
    }

    public IReadOnlyList<RedisServer> Servers => _servers;

    /// <summary>The value of <c>FastPush:Redis</c>.</summary>
    public string Configuration => string.Join(',', _servers.Select(server => server.Configuration));

    public static async Task<RedisCluster> StartAsync(RedisSettings? settings = null)
    {
        var cluster = new RedisCluster();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                cluster._servers.Add(await RedisServer.StartAsync((settings ?? new RedisSettings()) with { Cluster = true }));
            }

            await cluster.JoinAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The index in <see cref="Servers"/> of a slot's owner.</summary>
    public int OwnerOf(int slot) => _moved.TryGetValue(slot, out var owner) ? owner : slot * _servers.Count / Slots;

    /// <summary>The slot of a key, as Redis itself counts it.</summary>
    public async Task<int> SlotOfAsync(string key) =>
        (int)(long)(await _servers[0].CommandAsync("CLUSTER", "KEYSLOT", key))!;

    /// <summary>
    /// Moves a slot with its keys while clients use it, by the protocol of <c>CLUSTER SETSLOT</c>: in between, clients are answered
    /// ASK, TRYAGAIN and at last MOVED.
    /// </summary>
    /// <param name="slot">0-16383.</param>
    /// <param name="to">Index in <see cref="Servers"/>.</param>
    /// <param name="halfWay">Runs while the slot is migrating and its keys are still at the old owner.</param>
    public async Task MoveSlotAsync(int slot, int to, Func<Task>? halfWay = null)
    {
        var from = OwnerOf(slot);
        var number = slot.ToString(CultureInfo.InvariantCulture);
        if (from == to)
        {
            return;
        }

        await _servers[to].CommandAsync("CLUSTER", "SETSLOT", number, "IMPORTING", _ids[from]);
        await _servers[from].CommandAsync("CLUSTER", "SETSLOT", number, "MIGRATING", _ids[to]);
        if (halfWay is not null)
        {
            await halfWay();
        }

        while (await KeysAsync(from, number) is { Length: > 0 } keys)
        {
            await _servers[from].CommandAsync(
                ["MIGRATE", "127.0.0.1", _servers[to].Port.ToString(CultureInfo.InvariantCulture), "", "0", "5000", "KEYS", .. keys]);
        }

        // The new owner first: else it would not know its slot when clients are sent there.
        foreach (var server in new[] { to, from }.Concat(Enumerable.Range(0, _servers.Count).Except([to, from])))
        {
            await _servers[server].CommandAsync("CLUSTER", "SETSLOT", number, "NODE", _ids[to]);
        }

        _moved[slot] = to;

        // The new owner chose a new epoch by what it knew. Were the next to choose before it heard of that, both would take the same, and
        // the nodes could disagree about the slot for ever.
        await Deadline.Until(IsAgreedAsync, what: $"all nodes know the same owner of slot {slot}");
    }

    /// <summary>Waits until each node knows all others, and serves.</summary>
    public async Task WholeAsync()
    {
        foreach (var server in _servers)
        {
            await Deadline.Until(() => IsWholeAsync(server), what: "each node knows three that are connected, and all slots");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task JoinAsync()
    {
        for (var i = 0; i < _servers.Count; i++)
        {
            // Different epochs, or the nodes would first have to agree on them.
            await _servers[i].CommandAsync("CLUSTER", "SET-CONFIG-EPOCH", (i + 1).ToString(CultureInfo.InvariantCulture));
            var owned = Enumerable.Range(0, Slots).Where(slot => OwnerOf(slot) == i).ToList();
            await _servers[i].CommandAsync(
                "CLUSTER",
                "ADDSLOTSRANGE",
                owned[0].ToString(CultureInfo.InvariantCulture),
                owned[^1].ToString(CultureInfo.InvariantCulture));
            _ids.Add((string)(await _servers[i].CommandAsync("CLUSTER", "MYID"))!);
        }

        foreach (var other in _servers.Skip(1))
        {
            await _servers[0].CommandAsync(
                "CLUSTER",
                "MEET",
                "127.0.0.1",
                other.Port.ToString(CultureInfo.InvariantCulture),
                other.BusPort.ToString(CultureInfo.InvariantCulture));
        }

        await WholeAsync();
    }

    private async Task<bool> IsWholeAsync(RedisServer server)
    {
        var info = (string)(await server.CommandAsync("CLUSTER", "INFO"))!;
        var nodes = (string)(await server.CommandAsync("CLUSTER", "NODES"))!;
        return info.Contains("cluster_state:ok", StringComparison.Ordinal)
            && info.Contains($"cluster_slots_ok:{Slots}", StringComparison.Ordinal)
            && nodes.Split('\n').Count(line => line.Contains(" connected ", StringComparison.Ordinal)) == _servers.Count;
    }

    // Lines of CLUSTER NODES: id, address, flags, primary, ping, pong, epoch, link, slots.
    private async Task<bool> IsAgreedAsync()
    {
        var views = new HashSet<string>();
        foreach (var server in _servers)
        {
            var lines = ((string)(await server.CommandAsync("CLUSTER", "NODES"))!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var nodes = lines.Select(line => line.Split(' ')).Select(word => $"{word[0]} {string.Join(' ', word[6..7].Concat(word[8..]))}");
            views.Add(string.Join('\n', nodes.Order(StringComparer.Ordinal)));
        }

        return views.Count == 1;
    }

    private async Task<string[]> KeysAsync(int server, string slot)
    {
        var keys = (object?[])(await _servers[server].CommandAsync(
            "CLUSTER", "GETKEYSINSLOT", slot, KeysAtOnce.ToString(CultureInfo.InvariantCulture)))!;
        return [.. keys.Cast<string>()];
    }
}
