using System.Net.Http.Json;
using System.Text.Json;

namespace FastPush.Redis.Testing;

/// <summary>How far a gateway must have come before the test goes on.</summary>
public enum GatewayState
{
    /// <summary>It answers <c>/health/live</c>; nothing else is promised.</summary>
    Live,

    /// <summary><c>/health/ready</c> answers 200.</summary>
    Ready,
}

/// <summary>
/// The gateway as it is shipped: a process of its own, on a port that the system chose. The test project must reference
/// <c>src/Gateway</c>, which puts the program beside the tests.
/// </summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly Dictionary<string, string> _environment;
    private int? _descriptors;
    private readonly TaskCompletionSource<Uri[]> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChildProcess? _process;
    private TokenSigner? _signer;

    private GatewayProcess(IEnumerable<string> arguments, string environment)
    {
        _arguments = ["--urls=http://127.0.0.1:0", .. arguments];
        _environment = new() { ["ASPNETCORE_ENVIRONMENT"] = environment };
    }

    public HttpClient Http { get; } = new();

    /// <summary>Where it listens without TLS.</summary>
    public Uri Address { get; private set; } = new("http://invalid");

    public Uri[] Addresses { get; private set; } = [];

    public int Pid => _process!.Pid;

    public string Log => _process?.Log ?? "";

    public bool HasExited => _process!.HasExited;

    /// <summary>Starts one in the Development environment with these arguments (<c>--key=value</c>) and waits until it is ready.</summary>
    public static Task<GatewayProcess> StartAsync(params string[] arguments) => StartAsync(arguments, GatewayState.Ready);

    /// <summary>Starts one in the Development environment.</summary>
    /// <param name="arguments">Of the form <c>--key=value</c>.</param>
    /// <param name="state">What to wait for.</param>
    /// <param name="signer">Whose tokens it accepts; null = its own development key's.</param>
    /// <param name="environment">Further environment variables.</param>
    /// <param name="descriptors">How many it may have open (RLIMIT_NOFILE); null = as many as this process.</param>
    public static async Task<GatewayProcess> StartAsync(
        IReadOnlyList<string> arguments,
        GatewayState state,
        TokenSigner? signer = null,
        IReadOnlyDictionary<string, string>? environment = null,
        int? descriptors = null)
    {
        var gateway = new GatewayProcess(signer is null ? arguments : [.. signer.Arguments, .. arguments], "Development")
        {
            _signer = signer,
            _descriptors = descriptors,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            gateway._environment[name] = value;
        }

        try
        {
            await gateway.RunAsync();
            var ended = gateway._process!.ExitAsync(TimeSpan.FromDays(1));
            if (await Task.WhenAny(gateway._listening.Task, ended).WaitAsync(Deadline.Default) == ended)
            {
                throw new InvalidOperationException($"exit code {await ended}");
            }

            gateway.Addresses = await gateway._listening.Task;
            gateway.Address = gateway.Addresses.First(a => a.Scheme == "http");
            gateway.Http.BaseAddress = gateway.Address;
            await gateway.UntilAsync(state);
            return gateway;
        }
        catch (Exception e)
        {
            await gateway.DisposeAsync();
            throw new InvalidOperationException($"The gateway did not start ({e.Message}): {gateway.Log}", e);
        }
    }

    /// <summary>Runs one to its end, for configurations that cannot start.</summary>
    public static async Task<(int ExitCode, string Log)> RunAsync(string environment, params string[] arguments)
    {
        await using var gateway = new GatewayProcess(arguments, environment);
        await gateway.RunAsync();
        return (await gateway.ExitAsync(), gateway.Log);
    }

    /// <summary>Waits until it has come so far.</summary>
    public Task UntilAsync(GatewayState state, TimeSpan? within = null)
    {
        var path = state == GatewayState.Ready ? "/health/ready" : "/health/live";
        return Deadline.Until(async () => await StatusAsync(path) == 200, within, $"{path} answers 200");
    }

    /// <summary>The status that a GET is answered with; 0 if there is no answer within 5 s.</summary>
    public async Task<int> StatusAsync(string path)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(path, UriKind.Relative), Deadline.Token(TimeSpan.FromSeconds(5)));
            return (int)answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>SIGTERM: drains.</summary>
    public void Terminate() => _process!.Terminate();

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> TerminateAsync(TimeSpan? within = null)
    {
        Terminate();
        return ExitAsync(within);
    }

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public Task KillAsync() => _process!.KillAsync();

    /// <summary>SIGSTOP: it stands still, its connections stay open.</summary>
    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    public Task<int> ExitAsync(TimeSpan? within = null) => _process!.ExitAsync(within);

    /// <summary>A token that may do everything, at any rate; with a query of <c>/dev/token</c> what that says.</summary>
    public async Task<string> TokenAsync(string user, string query = "&perSecond=0")
    {
        if (_signer is not null)
        {
            return _signer.Sign(user);
        }

        var answer = await Http.GetFromJsonAsync<JsonElement>(new Uri($"/dev/token?user={user}{query}", UriKind.Relative));
        return answer.GetProperty("token").GetString()!;
    }

    /// <summary>The value of one line of the metrics page.</summary>
    public async Task<long> MetricAsync(string line)
    {
        var page = await Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var found = page.Split('\n').Single(l => l.StartsWith(line + " ", StringComparison.Ordinal));
        return long.Parse(found[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Nothing that clients do is a fault of the gateway.</summary>
    public void AssertNoFaults()
    {
        if (new[] { "Exception", "fail:", "crit:" }.Any(word => Log.Contains(word, StringComparison.Ordinal)))
        {
            throw new InvalidOperationException($"the gateway logged a fault:\n{Log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private async Task RunAsync()
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "FastPush.Gateway.dll"), .. _arguments];
        if (_descriptors is { } most)
        {
            command = ["bash", "-c", $"ulimit -n {most}; exec \"$@\"", "bash", .. command];
        }

        _process = await ChildProcess.StartAsync(command[0], command[1..], _environment, Note);
    }

    private void Note(string line)
    {
        const string Words = " listens on ";
        if (line.IndexOf(Words, StringComparison.Ordinal) is var at and >= 0)
        {
            _listening.TrySetResult([.. line[(at + Words.Length)..].Split(';')[0].Split(", ").Select(a => new Uri(a))]);
        }
    }
}
