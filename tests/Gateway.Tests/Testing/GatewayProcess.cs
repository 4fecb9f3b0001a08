using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>The gateway as it is shipped: a process of its own, on a port that the system chose.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri[]> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GatewayProcess(IEnumerable<string> arguments, string environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "FastPush.Gateway.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
    }

    public HttpClient Http { get; } = new();

    /// <summary>Where it listens without TLS.</summary>
    public Uri Address { get; private set; } = new("http://invalid");

    public Uri[] Addresses { get; private set; } = [];

    public string Log => string.Join('\n', _lines);

    /// <summary>Starts one with these arguments (<c>--key=value</c>) and waits until it is ready.</summary>
    public static async Task<GatewayProcess> StartAsync(params string[] arguments)
    {
        var gateway = new GatewayProcess(["--urls=http://127.0.0.1:0", .. arguments], "Development");
        try
        {
            gateway.Run();
            gateway.Addresses = await gateway._listening.Task.WaitAsync(Deadline.Default);
            gateway.Address = gateway.Addresses.First(a => a.Scheme == "http");
            gateway.Http.BaseAddress = gateway.Address;
            await Deadline.Until(async () => (await gateway.Http.GetAsync("/health/ready")).IsSuccessStatusCode);
            return gateway;
        }
        catch (Exception e)
        {
            await gateway.DisposeAsync();
            throw new InvalidOperationException($"The gateway did not start: {gateway.Log}", e);
        }
    }

    /// <summary>Runs one to its end, for configurations that cannot start.</summary>
    public static async Task<(int ExitCode, string Log)> RunAsync(string environment, params string[] arguments)
    {
        await using var gateway = new GatewayProcess(["--urls=http://127.0.0.1:0", .. arguments], environment);
        gateway.Run();
        return (await gateway.ExitAsync(), gateway.Log);
    }

    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SigTerm));

    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        await _process.WaitForExitAsync(Deadline.Token(within));
        return _process.ExitCode;
    }

    /// <summary>A development token; without more in the query it may do everything, at any rate.</summary>
    public async Task<string> TokenAsync(string user, string query = "&perSecond=0")
    {
        var answer = await Http.GetFromJsonAsync<JsonElement>($"/dev/token?user={user}{query}");
        return answer.GetProperty("token").GetString()!;
    }

    /// <summary>The value of one line of the metrics page.</summary>
    public async Task<long> MetricAsync(string line)
    {
        var page = await Http.GetStringAsync("/metrics");
        var found = page.Split('\n').Single(l => l.StartsWith(line + " ", StringComparison.Ordinal));
        return long.Parse(found[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Nothing that clients do is a fault of the gateway.</summary>
    public void AssertNoFaults()
    {
        Assert.DoesNotContain("Exception", Log, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", Log, StringComparison.Ordinal);
        Assert.DoesNotContain("crit:", Log, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Run()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        const string Words = " listens on ";
        if (line.IndexOf(Words, StringComparison.Ordinal) is var at and >= 0)
        {
            _listening.TrySetResult([.. line[(at + Words.Length)..].Split(';')[0].Split(", ").Select(a => new Uri(a))]);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
