using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FastPush.Redis.Testing;

/// <summary>A real redis-server on a loopback port of its own, with its data in a folder of its own.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const int StartsMax = 5;

    private readonly TempFolder _folder = new();
    private readonly RedisSettings _settings;
    private ChildProcess? _process;
    private string _earlierLog = "";

    private RedisServer(RedisSettings settings)
    {
        _settings = settings;
        Certificates = settings.Tls ? new TestCertificates(_folder) : null;
    }

    public int Port { get; private set; }

    /// <summary>The cluster bus; 0 outside a cluster.</summary>
    public int BusPort { get; private set; }

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    public int Pid => _process?.Pid ?? throw new InvalidOperationException("Redis does not run");

    /// <summary>Its authority, for clients that check; null without TLS.</summary>
    public TestCertificates? Certificates { get; }

    /// <summary>The value of <c>FastPush:Redis</c>, all but who checks the certificate.</summary>
    public string Configuration => ConfigurationAt(Port);

    /// <summary>What it printed, over all its starts.</summary>
    public string Log => _earlierLog + _process?.Log;

    public static async Task<RedisServer> StartAsync(RedisSettings? settings = null)
    {
        var server = new RedisServer(settings ?? new RedisSettings());
        for (var attempt = 1; ; attempt++)
        {
            server.Port = Ports.Free();
            server.BusPort = server._settings.Cluster ? Ports.Free() : 0;
            try
            {
                await server.RunAsync();
                return server;
            }
            catch (InvalidOperationException e) when (IsPortTaken(e) && attempt < StartsMax)
            {
                await server.KillAsync(); // Somebody else was faster with the port; the next one may be free.
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>The same as <see cref="Configuration"/>, through a proxy.</summary>
    public string ConfigurationAt(int port)
    {
        var text = $"127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
        text += _settings.User is null ? "" : $",user={_settings.User}";
        text += _settings.Password is null ? "" : $",password={_settings.Password}";
        return text + (_settings.Tls ? $",ssl=true,sslHost={TestCertificates.Host}" : "");
    }

    /// <summary>SIGTERM; returns when it has ended in order.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            process.Terminate();
            await process.ExitAsync();
            await KillAsync();
        }
    }

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
            _earlierLog += process.Log + "\n";
        }
    }

    /// <summary>SIGSTOP: connections stay open and nothing is answered.</summary>
    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    /// <summary>Runs it again on the same port with the data it left; kills it before if it runs.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await RunAsync();
    }

    /// <summary>One command over a connection of its own, and the reply: string, long, null, or object?[] of these.</summary>
    /// <exception cref="RedisErrorException">Redis' reply was an error.</exception>
    public async Task<object?> CommandAsync(params IReadOnlyList<string> words)
    {
        await using var client = await OpenAsync(Deadline.Token());
        return await client.CommandAsync(Deadline.Token(), words);
    }

    /// <summary>A connection, logged in.</summary>
    public Task<RespClient> OpenAsync(CancellationToken cancel) =>
        RespClient.OpenAsync(EndPoint, _settings.User, _settings.Password, Certificates, cancel);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }

    private static bool IsPortTaken(Exception e) => e.Message.Contains("in use", StringComparison.OrdinalIgnoreCase);

    private async Task RunAsync()
    {
        var path = _folder.Write("redis.conf", string.Join('\n', Lines()));
        _process = await ChildProcess.StartAsync("redis-server", [path]);
        try
        {
            await Deadline.Until(IsReadyAsync);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"redis-server did not start: {e.Message}\n{_process.Log}", e);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited)
        {
            await _process.ExitAsync(); // Its last lines too.
            throw new InvalidOperationException(_process.Log);
        }

        try
        {
            await using var client = await OpenAsync(Deadline.Token(TimeSpan.FromSeconds(5)));
            var id = (string?)await client.CommandAsync(Deadline.Token(TimeSpan.FromSeconds(5)), "INFO", "server");
            if (!id!.Contains($"process_id:{Pid}\r", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"port {Port} is in use by another Redis");
            }

            return (string?)await client.CommandAsync(Deadline.Token(TimeSpan.FromSeconds(5)), "PING") == "PONG"
                && (_settings.ReplicaOf is null || await HasPrimaryAsync(client));
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or RedisErrorException)
        {
            return false; // Not listening yet, or loading its data.
        }
    }

    private static async Task<bool> HasPrimaryAsync(RespClient client)
    {
        var info = (string?)await client.CommandAsync(Deadline.Token(TimeSpan.FromSeconds(5)), "INFO", "replication");
        return info!.Contains("master_link_status:up", StringComparison.Ordinal);
    }

    private IEnumerable<string> Lines()
    {
        yield return "bind 127.0.0.1";
        yield return "daemonize no";
        yield return $"dir {_folder.FullName}";
        yield return "save \"\"";
        yield return _settings.AppendOnly ? "appendonly yes" : "appendonly no";
        yield return "appendfsync no"; // What a killed process has written stays, and no answer waits for the disk.
        if (_settings.Tls)
        {
            yield return $"port 0\ntls-port {Port}\ntls-auth-clients no";
            yield return $"tls-cert-file {Certificates!.CertificatePath}\ntls-key-file {Certificates.KeyPath}";
            yield return $"tls-ca-cert-file {Certificates.AuthorityPath}";
        }
        else
        {
            yield return $"port {Port}";
        }

        if (_settings.User is { } user)
        {
            yield return $"user default off\nuser {user} on >{_settings.Password} ~* &* +@all";
        }
        else if (_settings.Password is { } password)
        {
            yield return $"requirepass {password}";
        }

        if (_settings.MaxMemory is { } memory)
        {
            yield return $"maxmemory {memory}\nmaxmemory-policy {_settings.MaxMemoryPolicy}";
        }

        if (_settings.ReplicaOf is { } primary)
        {
            yield return $"replicaof 127.0.0.1 {primary.Port}\nrepl-diskless-sync-delay 0";
            yield return primary._settings.Password is { } secret ? $"masterauth {secret}" : "";
            yield return primary._settings.User is { } name ? $"masteruser {name}" : "";
        }

        if (_settings.Cluster)
        {
            yield return $"cluster-enabled yes\ncluster-port {BusPort}\ncluster-config-file nodes.conf\ncluster-node-timeout 5000";
        }

        foreach (var line in _settings.More)
        {
            yield return line;
        }
    }
}
