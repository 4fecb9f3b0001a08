using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FastPush.Gateway.Transport;

/// <summary>
/// The endpoints that speak TLS. Nothing of ours may look at their bytes before TLS has: an upgrade in plain text on such a port would
/// go past it, client certificates included.
/// </summary>
internal sealed class SecuredEndpoints
{
    private readonly HashSet<ListenOptions> _endpoints = [];
    private readonly HashSet<int> _ports = [];

    public void Add(ListenOptions endpoint)
    {
        lock (_endpoints)
        {
            _endpoints.Add(endpoint);
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
            return _endpoints.Contains(endpoint);
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
}
