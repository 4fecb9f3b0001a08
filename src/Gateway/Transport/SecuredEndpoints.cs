using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace FastPush.Gateway.Transport;

/// <summary>
/// The endpoints that speak TLS. Nothing of ours may look at their bytes before TLS has: an upgrade in plain text on such a port would
/// go past it, client certificates included.
/// </summary>
internal sealed class SecuredEndpoints
{
    private readonly Dictionary<ListenOptions, HttpsConnectionAdapterOptions?> _endpoints = [];
    private readonly HashSet<int> _ports = [];

    /// <summary><paramref name="https"/> is null when something only Kestrel knows (SNI) decides about its connections.</summary>
    public void Add(ListenOptions endpoint, HttpsConnectionAdapterOptions? https)
    {
        lock (_endpoints)
        {
            _endpoints[endpoint] = https;
            if (endpoint.IPEndPoint is { } ip)
            {
                _ports.Add(ip.Port);
            }
        }
    }

    public bool Contains(ListenOptions endpoint)
    {
        lock (_endpoints)
        {
            return _endpoints.ContainsKey(endpoint);
        }
    }

    /// <summary>By the port, before it is bound; a port that the system chooses (0) counts if any endpoint with TLS has it.</summary>
    public bool Contains(IPEndPoint endpoint)
    {
        lock (_endpoints)
        {
            return _ports.Contains(endpoint.Port);
        }
    }

    /// <summary>
    /// What is known of an endpoint that is about to be bound: found by the object, since two may have port 0, or else by its port.
    /// </summary>
    public bool TryFind(IPEndPoint endpoint, [NotNullWhen(true)] out ListenOptions? listen, out HttpsConnectionAdapterOptions? https)
    {
        lock (_endpoints)
        {
            foreach (var (options, found) in _endpoints)
            {
                if (ReferenceEquals(options.EndPoint, endpoint) || (endpoint.Port != 0 && options.IPEndPoint?.Port == endpoint.Port))
                {
                    (listen, https) = (options, found);
                    return true;
                }
            }
        }

        (listen, https) = (null, null);
        return false;
    }
}
