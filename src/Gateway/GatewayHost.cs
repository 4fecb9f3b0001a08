using System.Diagnostics.CodeAnalysis;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Cluster;
using FastPush.Gateway.Engine;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Http;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Options;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Transport;
using FastPush.Notifications.Publishing;
using FastPush.Relay.Clocks;
using FastPush.Relay.Offline;
using FastPush.Relay.Presence;
using FastPush.Relay.Redis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FastPush.Gateway;

/// <summary>A checked configuration, ready to be built into a host.</summary>
internal sealed record GatewaySetup(WebApplicationBuilder Builder, GatewayOptions Options, JwtOptions Jwt)
{
    /// <summary>Threads that run connections.</summary>
    public int EngineThreads => Options.Engine.Threads > 0 ? Options.Engine.Threads : Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>The engine's transport, or Kestrel's own.</summary>
    public bool UsesEngine => Options.Engine.Transport switch
    {
        "engine" => true,
        "kestrel" => false,
        _ => EngineTransport.IsSupported,
    };
}

/// <summary>From configuration to a host: what the process is made of.</summary>
internal static class GatewayHost
{
    // Publishes are remembered by their idempotency key for so long at least (P3).
    private const long IdempotencyWindowMs = 600_000;
    private const int PresenceRememberedMax = 100_000;

    /// <summary>Reads and checks the configuration. False with every fault, each with its key, when it cannot be used.</summary>
    public static bool TryRead(string[] args, [NotNullWhen(true)] out GatewaySetup? setup, out IReadOnlyList<string> faults)
    {
        // Files are found beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        setup = null;
        try
        {
            var options = builder.Configuration.GetSection("FastPush").Get<GatewayOptions>() ?? new GatewayOptions();
            var jwt = builder.Configuration.GetSection(JwtOptions.Section).Get<JwtOptions>() ?? new JwtOptions();
            faults = [.. OptionsValidator.Validate(options, jwt, builder.Environment.IsDevelopment())];
            setup = faults.Count == 0 ? new GatewaySetup(builder, options, jwt) : null;
        }
        catch (InvalidOperationException e)
        {
            // The binder's text names the key and the value that is no number.
            faults = [e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message];
        }

        return setup is not null;
    }

    public static WebApplication Build(GatewaySetup setup)
    {
        var (builder, options, jwt) = setup;
        var services = builder.Services;
        var time = new SteadyClock(TimeProvider.System, options.Cluster.ClockSkewMs);
        services.AddSingleton(time);
        services.AddSingleton(options);
        services.AddSingleton(RunMode.From(options, builder.Environment.EnvironmentName));
        AddTokens(services, jwt, time.Machine, builder.Environment.IsDevelopment());
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<IOfflineQueue>(new MemoryOfflineQueue(options.Offline));
        services.AddSingleton<IPresence>(new MemoryPresence(PresenceRememberedMax));
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<Node>();
        services.AddSingleton(new DrainHint(options.Drain, Random.Shared));
        services.AddSingleton(new OriginPolicy(options.Origins));
        services.AddSingleton<UpgradeGate>();
        services.AddSingleton(provider =>
            new HandshakeWatch(provider.GetRequiredService<Node>().Clock, options.Limits.ConnectTimeoutMs));
        services.AddSingleton<StompConnectionHandler>();
        services.AddSingleton<StompMiddleware>();
        services.AddSingleton<SecuredEndpoints>();
        services.AddSingleton(new IdempotencyKeys(IdempotencyWindowMs, options.Limits.IdempotencyKeys));
        services.AddSingleton<HttpPublisher>();
        services.AddSingleton<PublishOnce>();
        if (options.Redis.Length > 0)
        {
            services.AddSingleton(provider => new RedisStore(
                options.Redis,
                new RedisStoreOptions { CallTimeoutMs = options.Cluster.CallTimeoutMs },
                time,
                provider.GetRequiredService<ILoggerFactory>().CreateLogger<RedisStore>()));
            services.AddHostedService<ClusterService>(); // Before the drain, so that it stops behind it.
        }

        services.AddHostedService<Drain>();
        services.AddHostedService<NodeService>();
        services.AddProblemDetails();
        services.AddOpenApi();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(options.Drain.TimeoutMs + 5_000));
        services.AddSingleton<IConnectionListenerFactory, SocketTransport>();
        if (setup.UsesEngine)
        {
            services.AddSingleton(new EngineThreads(setup.EngineThreads));
            services.AddSingleton<TlsEndpoints>();
            services.AddSingleton<IConnectionListenerFactory, EngineTransport>();
        }
        else
        {
            services.Configure<SocketTransportOptions>(sockets =>
            {
                sockets.UnsafePreferInlineScheduling = true;
                sockets.MaxReadBufferSize = KestrelSetup.RequestBufferBytes;
            });
        }

        builder.WebHost.ConfigureKestrel(kestrel => KestrelSetup.Apply(kestrel, builder.Configuration));
        return builder.Build();
    }

    private static void AddTokens(IServiceCollection services, JwtOptions jwt, TimeProvider time, bool isDevelopment)
    {
        KeySource keys;
        if (jwt.IsFetched)
        {
            keys = KeySource.Fetched(jwt, httpsOnly: !isDevelopment);
        }
        else if (jwt.HasKeys)
        {
            if (!KeySource.TryOpen(jwt, out keys, out var fault))
            {
                throw new InvalidOperationException(fault); // The validation before has read the same file.
            }
        }
        else
        {
            var issuer = new DevIssuer(time);
            services.AddSingleton(issuer);
            keys = KeySource.Fixed(issuer.Keys);
            jwt = DevIssuer.Options(jwt);
        }

        services.AddSingleton(keys);
        services.AddSingleton(new TokenVerifier(keys, jwt, time));
    }
}
