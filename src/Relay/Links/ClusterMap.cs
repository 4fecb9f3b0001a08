using System.Buffers;
using System.Globalization;
using System.Net;
using FastPush.Relay.Redis;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>Which primary has which slots, as one node of a cluster sees it.</summary>
/// <param name="Ranges">Slots without an owner are in none.</param>
internal sealed record ClusterMap(IReadOnlyList<(int First, int Last, EndPoint Owner)> Ranges)
{
    public static readonly byte[] Command = RespCommand.Encode("CLUSTER", "SLOTS");

    /// <summary>
    /// Reads the reply to CLUSTER SLOTS: arrays of first slot, last slot, the primary as [host, port, …], and its replicas. That
    /// command, not CLUSTER SHARDS, since it gives for TLS connections the TLS port, and all versions have it.
    /// </summary>
    /// <param name="frame">The whole reply.</param>
    /// <param name="asked">The node that was asked: a node that does not know a host means the one that it was reached by.</param>
    /// <exception cref="RelayException">It is an error, or not of this form.</exception>
    public static ClusterMap Read(byte[] frame, EndPoint asked)
    {
        var reader = new RespReader(new ReadOnlySequence<byte>(frame));
        reader.Read();
        if (reader.Type != RespType.Array)
        {
            throw new RelayException($"{RedisEndpoints.Print(asked)} refuses CLUSTER SLOTS: {reader.Text()}");
        }

        var ranges = new List<(int First, int Last, EndPoint Owner)>();
        for (var left = reader.Number; left > 0; left--)
        {
            reader.Read();
            var children = reader.Type == RespType.Array ? reader.Number : 0;
            if (children < 3)
            {
                throw new RelayException($"{RedisEndpoints.Print(asked)} answers CLUSTER SLOTS with something else");
            }

            var first = ReadNumber(ref reader, RedisSlot.Count - 1);
            var last = ReadNumber(ref reader, RedisSlot.Count - 1);
            ranges.Add((first, last, ReadNode(ref reader, asked)));
            for (var replicas = children - 3; replicas > 0; replicas--)
            {
                reader.Skip();
            }
        }

        return new ClusterMap(ranges);
    }

    /// <summary>The server that an error <c>MOVED slot host:port</c> names; null if it names none that can be reached.</summary>
    public static EndPoint? ReadMoved(string error, EndPoint asked)
    {
        var words = error.Split(' ');
        var colon = words is ["MOVED", _, _] ? words[2].LastIndexOf(':') : -1;
        return colon >= 0
            && int.TryParse(words[2].AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= IPEndPoint.MaxPort
            ? ToEndPoint(words[2][..colon], port, asked)
            : null;
    }

    private static EndPoint ReadNode(ref RespReader reader, EndPoint asked)
    {
        reader.Read();
        var children = reader.Type == RespType.Array ? reader.Number : 0;
        reader.Read();
        var host = reader.IsString ? reader.Text() : "";
        var port = ReadNumber(ref reader, IPEndPoint.MaxPort);
        for (var left = children - 2; left > 0; left--)
        {
            reader.Skip();
        }

        return ToEndPoint(host, port, asked);
    }

    private static int ReadNumber(ref RespReader reader, int max)
    {
        reader.Read();
        return reader.Type == RespType.Integer && reader.Number >= 0 && reader.Number <= max
            ? (int)reader.Number
            : throw new RelayException("CLUSTER SLOTS was answered with something else than numbers of slots and ports");
    }

    // "?" is how Redis says that a host has no name yet.
    private static EndPoint ToEndPoint(string host, int port, EndPoint asked) => host is "" or "?"
        ? asked is DnsEndPoint name ? new DnsEndPoint(name.Host, port) : new IPEndPoint(((IPEndPoint)asked).Address, port)
        : IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
}
