using System.Net;
using FastPush.Gateway.Http;
using FastPush.Gateway.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FastPush.Gateway.Transport;

/// <summary>Puts <see cref="StompMiddleware"/> in front of HTTP on every endpoint, and inside TLS where there is TLS.</summary>
internal static class KestrelSetup
{
    /// <summary>Bytes of a connection that are read before anybody asks for them.</summary>
    public const int RequestBufferBytes = 64 << 10;

    /// <summary>
    /// Makes the socket engine run continuations on its own threads. Must run before the first socket is made, since the runtime reads
    /// these variables then; a value set from outside wins.
    /// </summary>
    public static void RunInline(int threads)
    {
        SetDefault("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        SetDefault("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT", threads.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    public static void Apply(KestrelServerOptions kestrel, IConfiguration configuration)
    {
        kestrel.AddServerHeader = false;
        RequestHeadLimits.Apply(kestrel.Limits, kestrel.ApplicationServices.GetRequiredService<GatewayOptions>().Limits);

        // What a client sends before anybody asks for it, a body behind a refusal or a request behind an event stream, waits in the kernel:
        // Kestrel would take a megabyte of each connection.
        var limits = kestrel.Limits;
        limits.MaxRequestBufferSize = Math.Max(RequestBufferBytes, Math.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize));

        var secured = kestrel.ApplicationServices.GetRequiredService<SecuredEndpoints>();
        kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            // Over HTTP/2 a browser would ask for the WebSocket by extended CONNECT (RFC 8441), which never meets the STOMP path. An
            // endpoint's own "Protocols" setting still wins.
            endpoint.Protocols = HttpProtocols.Http1;
            UseStompUnlessSecured(endpoint, secured);
        });
        var section = configuration.GetSection("Kestrel");
        var loader = kestrel.Configure(section, reloadOnChange: false);
        foreach (var endpoint in section.GetSection("Endpoints").GetChildren())
        {
            if (endpoint["Url"]?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true)
            {
                loader.Endpoint(endpoint.Key, https =>
                {
                    secured.Add(https.ListenOptions, endpoint.GetSection("Sni").Exists() ? null : https.HttpsOptions);
                    https.ListenOptions.UseHttps(https.HttpsOptions);
                    UseStomp(https.ListenOptions);
                });
            }
        }

        ListenOnHttpsUrls(kestrel, secured, configuration["urls"]);
    }

    private static void SetDefault(string name, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    // Kestrel adds TLS to --urls after all middleware of ours; so where one of them is https, all are bound here.
    private static void ListenOnHttpsUrls(KestrelServerOptions kestrel, SecuredEndpoints secured, string? urls)
    {
        var addresses = (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(BindingAddress.Parse)
            .ToList();
        if (!addresses.Any(IsHttps))
        {
            return;
        }

        foreach (var address in addresses)
        {
            void Configure(ListenOptions endpoint)
            {
                if (IsHttps(address))
                {
                    endpoint.UseHttps(https => secured.Add(endpoint, https)); // The certificate is looked up behind this call.
                    UseStomp(endpoint);
                }
            }

            if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
            {
                kestrel.Listen(ip, address.Port, Configure);
            }
            else if (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            {
                kestrel.ListenLocalhost(address.Port, Configure);
            }
            else
            {
                kestrel.ListenAnyIP(address.Port, Configure);
            }
        }
    }

    private static bool IsHttps(BindingAddress address) => address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase);

    // Asked when the endpoint is built, by when it is known: there the middleware stands behind TLS only.
    private static void UseStompUnlessSecured(ListenOptions endpoint, SecuredEndpoints secured)
    {
        endpoint.Use(next =>
        {
            if (secured.Contains(endpoint))
            {
                return next;
            }

            var middleware = endpoint.ApplicationServices.GetRequiredService<StompMiddleware>();
            return connection =>
            {
                LocalRequest.NotePeer(connection.Features, connection.RemoteEndPoint);
                return middleware.OnConnectionAsync(connection, next);
            };
        });
    }

    // Behind TLS.
    private static void UseStomp(ListenOptions endpoint)
    {
        var middleware = endpoint.ApplicationServices.GetRequiredService<StompMiddleware>();
        endpoint.Use(next => connection =>
        {
            LocalRequest.NotePeer(connection.Features, connection.RemoteEndPoint);
            TlsBuffers.ReleaseWhenIdle(connection);
            return middleware.OnConnectionAsync(connection, next);
        });
    }
}
