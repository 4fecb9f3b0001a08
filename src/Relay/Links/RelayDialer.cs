using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FastPush.Relay.Redis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Links;

/// <summary>Connects by Kestrel's socket transport.</summary>
internal sealed class RelayDialer : IDisposable
{
    private readonly RedisEndpoints _redis;
    private readonly TimeProvider _clock;
    private readonly SocketConnectionContextFactory _factory;

    public RelayDialer(RedisEndpoints redis, TimeProvider clock)
    {
        _clock = clock;
        _redis = redis;
        // Inline: what was read is parsed and handed on by the thread that read it, and the writer's thread sends.
        // There is one connection, so a buffer that waits for data costs nothing, and saves a call for each read.
        var options = new SocketConnectionFactoryOptions
        {
            UnsafePreferInlineScheduling = true,
            WaitForDataBeforeAllocatingBuffer = false,
        };
        // Its own log lines repeat what the reasons say here.
        _factory = new SocketConnectionContextFactory(options, NullLogger.Instance);
    }

    /// <summary>Connects and logs in, within the connect timeout.</summary>
    /// <exception cref="RelayException">It did not work; says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public async Task<(RelaySocket Socket, RelayServer Server)> OpenAsync(EndPoint endPoint, string clientName, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(_redis.ConnectTimeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        RelaySocket? socket = null;
        try
        {
            socket = await DialAsync(endPoint, both.Token);
            return (socket, await RelayHandshake.HelloAsync(socket, _redis, clientName, both.Token));
        }
        catch (Exception fault)
        {
            if (socket is not null)
            {
                await socket.DisposeAsync();
            }

            stop.ThrowIfCancellationRequested();
            throw fault is RelayException ? fault : new RelayException($"{RedisEndpoints.Print(endPoint)}: {fault.Message}", fault);
        }
    }

    /// <summary>Connects to the first that can be used: a primary, or any node of a cluster.</summary>
    /// <exception cref="RelayException">None can; says why each.</exception>
    public async Task<(RelaySocket Socket, RelayServer Server)> OpenAnyAsync(
        IEnumerable<EndPoint> endPoints, string clientName, CancellationToken stop)
    {
        var faults = new List<string>();
        foreach (var endPoint in endPoints)
        {
            try
            {
                var (socket, server) = await OpenAsync(endPoint, clientName, stop);
                if (server.IsCluster || !server.IsReplica)
                {
                    return (socket, server);
                }

                // What is published on a replica does not reach those who are subscribed at its primary.
                await socket.DisposeAsync();
                faults.Add($"{socket.Name} is a replica; the relay needs its primary");
            }
            catch (RelayException fault)
            {
                faults.Add(fault.Message);
            }
        }

        throw new RelayException(string.Join("; ", faults));
    }

    public void Dispose() => _factory.Dispose();

    private async Task<RelaySocket> DialAsync(EndPoint endPoint, CancellationToken cancellation)
    {
        var name = RedisEndpoints.Print(endPoint);
        var socket = endPoint.AddressFamily == AddressFamily.Unspecified
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        ConnectionContext context;
        try
        {
            // What is sent is whole batches already.
            socket.NoDelay = true;
            await socket.ConnectAsync(endPoint, cancellation);
            context = _factory.Create(socket);
        }
        catch (Exception fault)
        {
            socket.Dispose();
            throw fault is SocketException error ? new RelayException(Describe(error, name), error) : Timeout(fault, name, "connect");
        }

        if (!_redis.Ssl)
        {
            return new RelaySocket(context, null, endPoint);
        }

        var tls = new SslStream(new DuplexStream(context.Transport));
        try
        {
            await tls.AuthenticateAsClientAsync(TlsOptions(endPoint), cancellation);
            return new RelaySocket(context, tls, endPoint);
        }
        catch (Exception fault)
        {
            await tls.DisposeAsync();
            await context.DisposeAsync();
            throw fault is AuthenticationException or IOException or CryptographicException or UnauthorizedAccessException
                ? new RelayException($"TLS with {name} failed: {fault.Message}", fault)
                : Timeout(fault, name, "TLS");
        }
    }

    /// <summary>A cancelled attempt ran out of time, unless the link stops, which its caller knows.</summary>
    private Exception Timeout(Exception fault, string name, string what) => fault is OperationCanceledException
        ? new RelayException($"{name} did not answer within {_redis.ConnectTimeout.TotalSeconds:0.###} s ({what})", fault)
        : fault;

    private static string Describe(SocketException fault, string name) => fault.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"{name} refused the connection",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"the host name of {name} is not known",
        _ => $"no connection to {name}: {fault.Message}",
    };

    private SslClientAuthenticationOptions TlsOptions(EndPoint endPoint)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = _redis.SslHost ?? (endPoint is DnsEndPoint name ? name.Host : ((IPEndPoint)endPoint).Address.ToString()),
        };
        if (_redis.SslCaFile is { } file)
        {
            // Read for each connection, so that a new authority needs no restart.
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(file);
            options.CertificateChainPolicy = policy;
        }

        return options;
    }
}
