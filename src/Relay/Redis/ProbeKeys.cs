using System.Globalization;
using System.Text;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>
/// Where a probe has to write, so that it says something about all of Redis: one key on each primary of a Redis Cluster. A primary takes
/// a write only while it knows an owner for every slot, so together they also say that all agree.
/// </summary>
internal sealed class ProbeKeys
{
    private static readonly RedisKey[] s_single = ["push:probe"];

    private ClusterConfiguration? _map;
    private RedisKey[] _keys = s_single;

    /// <summary>Keys by the map that the client has read last.</summary>
    /// <exception cref="StoreUnavailableException">A slot has no primary there.</exception>
    public IReadOnlyList<RedisKey> For(ConnectionMultiplexer connection)
    {
        var map = connection.GetEndPoints()
            .Select(e => connection.GetServer(e))
            .OrderByDescending(server => server.IsConnected)
            .Select(server => server.ServerType == ServerType.Cluster ? server.ClusterConfiguration : null)
            .FirstOrDefault(map => map is not null);
        if (map != _map)
        {
            _keys = map is null ? s_single : [.. Owners(map).Select(KeyOn)];
            _map = map;
        }

        return _keys;
    }

    private static List<ClusterNode> Owners(ClusterConfiguration map)
    {
        var owners = map.Nodes.Where(node => !node.IsSlave && node.Slots.Count > 0).ToList();
        return owners.Sum(node => node.Slots.Sum(range => range.To - range.From + 1)) >= RedisSlot.Count
            ? owners
            : throw new StoreUnavailableException("the Redis Cluster is down: a slot has no primary");
    }

    private static RedisKey KeyOn(ClusterNode node)
    {
        for (var i = 0; ; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"push:probe:{i}");
            var slot = RedisSlot.Of(Encoding.ASCII.GetBytes(key));
            if (node.Slots.Any(range => slot >= range.From && slot <= range.To))
            {
                return key;
            }
        }
    }
}
