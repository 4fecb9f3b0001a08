using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace FastPush.Bench.Memory;

/// <summary>The gateway's Release build as a process of its own, in the Production environment, on a port of its choice.</summary>
internal sealed class GatewayProcess : IDisposable
{
    private static readonly TimeSpan s_startMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_settleMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly Process _process;

    private GatewayProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    public static async Task<GatewayProcess> StartAsync(string publicKeyPath)
    {
        var program = RepositoryFiles.Path("src/Gateway/bin/Release/net10.0/FastPush.Gateway.dll");
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                program,
                "--urls=http://127.0.0.1:0",
                "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
                $"--FastPush:Jwt:PublicKeyPath={publicKeyPath}",
                $"--FastPush:Jwt:Issuer={TokenMint.Issuer}",
                $"--FastPush:Jwt:Audience={TokenMint.Audience}",
            },
            Environment =
            {
                ["DOTNET_ENVIRONMENT"] = "Production",
                ["ASPNETCORE_ENVIRONMENT"] = "Production",

                // 64 MiB (hexadecimal) before the first collection, whatever this machine's caches: where a collection falls into the run is
                // chance, and it moves the heap by megabytes. So the figure holds also what a connection leaves as garbage.
                ["DOTNET_GCgen0size"] = "4000000",
            },
            RedirectStandardOutput = true,
        };
        var listening = new TaskCompletionSource<IPEndPoint>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Note(line.Data, listening);
        process.Exited += (_, _) => listening.TrySetException(new InvalidOperationException("The gateway ended at its start."));
        try
        {
            process.Start();
            process.BeginOutputReadLine();
            return new GatewayProcess(process, await listening.Task.WaitAsync(s_startMax));
        }
        catch
        {
            Kill(process);
            throw;
        }
    }

    /// <summary>
    /// Anonymous memory of the process in bytes (heap, stacks, native allocations) once it has come to rest, which is two readings that
    /// agree to 1 %. Not the proportional set size: that one counts shares of the runtime's files, so it moves by megabytes when any
    /// other .NET process of the machine starts or ends.
    /// </summary>
    public async Task<long> RestingBytesAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var last = Anonymous(); ;)
        {
            await Task.Delay(s_pause);
            var now = Anonymous();
            if (Math.Abs(now - last) * 100 <= now)
            {
                return now;
            }

            if (TimeProvider.System.GetElapsedTime(began) > s_settleMax)
            {
                throw new TimeoutException($"The gateway's memory did not come to rest within {s_settleMax}.");
            }

            last = now;
        }
    }

    /// <summary>Waits until so many sessions are open, by the gateway's own figure.</summary>
    public async Task WaitForSessionsAsync(int count)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{EndPoint}") };
        using var deadline = new CancellationTokenSource(s_settleMax);
        while (true)
        {
            var page = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), deadline.Token);
            var open = page.Split('\n')
                .Where(line => line.StartsWith("push_connections_active", StringComparison.Ordinal))
                .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
            if ((int)open == count)
            {
                return;
            }

            await Task.Delay(s_pause, deadline.Token);
        }
    }

    public void Dispose() => Kill(_process);

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    // What it says besides is shown, since a start that fails says why.
    private static void Note(string? line, TaskCompletionSource<IPEndPoint> listening)
    {
        const string Sign = "Now listening on: http://";
        var at = line?.IndexOf(Sign, StringComparison.Ordinal) ?? -1;
        if (at >= 0)
        {
            listening.TrySetResult(IPEndPoint.Parse(line!.AsSpan(at + Sign.Length).Trim()));
        }
        else if (!listening.Task.IsCompleted && line?.StartsWith("info:", StringComparison.Ordinal) == false)
        {
            Console.WriteLine(line);
        }
    }

    private long Anonymous()
    {
        const string Key = "Anonymous:";
        var line = File.ReadLines($"/proc/{_process.Id}/smaps_rollup").First(l => l.StartsWith(Key, StringComparison.Ordinal));
        var kilobytes = line[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024;
    }
}
