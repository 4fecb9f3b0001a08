using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Testing;

/// <summary>A redis-server of its own on a free loopback port, ended by the one who started it.</summary>
public sealed partial class RedisServer : IAsyncLifetime, IDisposable
{
    private const int SigStop = 19;
    private const int SigCont = 18;

    private readonly string _folder = Directory.CreateTempSubdirectory("fastpush-redis").FullName;
    private readonly string[] _arguments;
    private Process? _process;

    public RedisServer()
        : this([])
    {
    }

    internal RedisServer(params string[] arguments) => _arguments = arguments;

    public int Port { get; private set; }

    public string Configuration => $"127.0.0.1:{Port},allowAdmin=true";

    /// <summary>A connection of the test's own.</summary>
    public ConnectionMultiplexer Admin { get; private set; } = null!;

    public IDatabase Database => Admin.GetDatabase();

    public IServer Server => Admin.GetServer("127.0.0.1", Port);

    public async Task InitializeAsync()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        await StartAsync();
        Admin = await ConnectionMultiplexer.ConnectAsync(Configuration);
    }

    /// <summary>Starts it, again on the same port with the same data.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true };
        string[] arguments =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--daemonize", "no", .. _arguments,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _ = _process.StandardOutput.ReadToEndAsync();
        await Until.TrueAsync(() => CanConnectAsync());
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public void Freeze() => Assert.Equal(0, Kill(_process!.Id, SigStop));

    public void Thaw() => Assert.Equal(0, Kill(_process!.Id, SigCont));

    public async Task DisposeAsync()
    {
        await Admin.CloseAsync();
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        Directory.Delete(_folder, recursive: true);
        Dispose();
    }

    public void Dispose()
    {
        _process?.Dispose();
        Admin.Dispose();
    }

    private async Task<bool> CanConnectAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
