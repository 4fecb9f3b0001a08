using System.Net.Sockets;
using System.Security.Authentication;
using FastPush.Load.Clients;
using FastPush.Load.Engine;
using FastPush.Load.Keys;
using FastPush.Load.Measuring;

namespace FastPush.Load.Control;

/// <summary>
/// The scenario idle over TLS: connections log in, subscribe and wait, in this process and by <see cref="TlsConnection"/>. It tells what
/// the server spends; the client itself is too heavy for traffic.
/// </summary>
internal sealed class TlsIdleRun(LoadOptions options, ProgressLine progress) : IDisposable
{
    private readonly List<TlsConnection> _connections = [];
    private readonly Lock _lock = new();
    private readonly Histogram _handshakes = new();
    private int _failed;
    private string? _firstError;

    public async Task<Measured> RunAsync()
    {
        var target = options.Targets[0];
        var servers = options.ServerPids ?? (target.IsLoopback ? Listeners.Find([target.Port]) : []);
        var probe = new MachineProbe(servers, () => [Environment.ProcessId]);
        var plan = new Plan(options, 0);
        var credentials = new Credentials(
            options.KeyFolder is { } path ? new KeyFolder(path).ReadTokens(plan.FirstUser, plan.Users, plan.Publishers) : null);
        progress.Phase("connecting with TLS");
        var before = probe.Memory();
        var cpu0 = probe.Cpu();
        var from = MonotonicClock.Now;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.InFlight };
        await Parallel.ForAsync(0, plan.Users, parallel, async (user, _) => await ConnectAsync(target, credentials, plan, user));
        var until = MonotonicClock.Now;
        var cpu1 = probe.Cpu();
        progress.Phase("settling");
        await Task.Delay(TimeSpan.FromSeconds(options.SettleSeconds));
        var connected = probe.Memory();
        var cpu2 = probe.Cpu();
        progress.Phase("measuring");
        await Task.Delay(TimeSpan.FromSeconds(options.DurationSeconds));
        var cpu3 = probe.Cpu();
        var report = Report(from, until);
        return new Measured(options, servers, report, report, report, cpu1 - cpu0, cpu3 - cpu2, before, connected, probe.Memory(), null);
    }

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    private async Task ConnectAsync(Target target, Credentials credentials, Plan plan, int user)
    {
        var began = MonotonicClock.Now;
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(options.ConnectTimeoutSeconds));
        var connection = new TlsConnection();
        try
        {
            await connection.LogInAsync(target, credentials, plan.ListenTo(user, 0), options, user, timeout.Token);
            lock (_lock)
            {
                _connections.Add(connection);
                _handshakes.Add(MonotonicClock.Now - began);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException)
        {
            connection.Dispose();
            lock (_lock)
            {
                _failed++;
                _firstError ??= $"connection {user}: {e.Message}";
            }
        }
    }

    private WorkerReport Report(long from, long until) => new()
    {
        Ready = _connections.Count,
        ConnectFailed = _failed,
        Dropped = _connections.Count(connection => connection.IsOver),
        ConnectFrom = from,
        ConnectUntil = until,
        Handshakes = _handshakes.Export(),
        FirstError = _firstError,
    };
}
