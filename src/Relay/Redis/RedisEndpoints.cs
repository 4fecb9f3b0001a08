using System.Net;

namespace FastPush.Relay.Redis;

/// <summary>Where Redis is and how to be let in.</summary>
/// <param name="EndPoints">At least one; of a cluster any of its nodes, else servers of which one is the primary.</param>
public sealed record RedisEndpoints(IReadOnlyList<EndPoint> EndPoints)
{
    /// <summary>ACL user; null means Redis' own "default".</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>TLS from the first byte.</summary>
    public bool Ssl { get; init; }

    /// <summary>The name that the server's certificate must have; null means the name connected to.</summary>
    public string? SslHost { get; init; }

    /// <summary>PEM file with the authorities that the server's certificate must come from; null means the system's.</summary>
    public string? SslCaFile { get; init; }

    /// <summary>For all of connect, TLS and log-in.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>All settings in the order given, with their keys in StackExchange's spelling.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

    /// <summary>For people and logs: no secrets.</summary>
    public override string ToString() => string.Join(',', EndPoints.Select(Print)) + (Ssl ? ",ssl=True" : "");

    /// <summary>host:port, with IPv6 addresses in brackets.</summary>
    internal static string Print(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint name => $"{name.Host}:{name.Port}",
        _ => endPoint.ToString() ?? "",
    };
}
