using System.Diagnostics;
using System.Runtime.InteropServices;
using FastPush.Load.Control;

namespace FastPush.Load.Run;

/// <summary><c>run FILE</c>: what Crank's controller and agent do with a scenario file, on this machine.</summary>
internal static class LocalRunner
{
    private const string Suffix = ".crank.yml";

    public static async Task<int> RunAsync(string[] args)
    {
        var file = args[0];
        var scenario = Path.GetFileName(file).Replace(Suffix, "", StringComparison.Ordinal);
        var profile = "local";
        string? json = null;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new UsageException($"{args[i]} needs a value");
            switch (args[i])
            {
                case "--scenario":
                    scenario = value;
                    break;
                case "--profile":
                    profile = value;
                    break;
                case "--json":
                    json = Path.GetFullPath(value);
                    break;
                case "--variable" when value.Split('=', 2) is [var name, var text]:
                    variables[name] = text;
                    break;
                default:
                    throw new UsageException(
                        $"'{args[i]} {value}' is not understood; --scenario, --profile, --json, --variable NAME=VALUE are");
            }
        }

        try
        {
            var crank = new CrankFile(await File.ReadAllTextAsync(file), Path.GetDirectoryName(Path.GetFullPath(file))!);
            return await RunAsync(crank.Services(scenario, profile, variables), json);
        }
        catch (ScenarioFileException e)
        {
            throw new UsageException($"{file}: {e.Message}");
        }
    }

    private static async Task<int> RunAsync(IReadOnlyList<Service> services, string? json)
    {
        var folder = Directory.CreateTempSubdirectory("fastpush-load-").FullName;
        using var cancelled = new CancellationTokenSource();
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            cancelled.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        var running = new List<ServiceProcess>();
        var status = 0;
        try
        {
            foreach (var service in services)
            {
                cancelled.Token.ThrowIfCancellationRequested();
                var own = Prepare(service, folder);
                await BeforeAsync(service, own, cancelled.Token);
                if (service.WaitForExit)
                {
                    status = Math.Max(status, await LoadAsync(service, own, json, cancelled.Token));
                    continue;
                }

                running.Add(new ServiceProcess(service, own));
                await running[^1].ReadyAsync();
            }
        }
        finally
        {
            var codes = await Task.WhenAll(running.Select(r => r.StopAsync()));
            foreach (var (code, service) in codes.Zip(running).Where(ended => ended.First != 0))
            {
                status = Math.Max(status, 1);
                await Console.Error.WriteLineAsync($"fastpush-load: a service ended with code {code}:\n{service.Output()}");
            }

            running.ForEach(service => service.Dispose());
            Directory.Delete(folder, recursive: true);
        }

        return status;
    }

    // As with an agent, each job has a folder in which its sources stand under their names.
    private static string Prepare(Service service, string folder)
    {
        var own = Path.Combine(folder, service.Name);
        Directory.CreateDirectory(own);
        foreach (var (name, source) in service.Sources)
        {
            if (!Directory.Exists(source))
            {
                throw new UsageException($"{source} does not exist; scripts/perf.sh publishes what the scenarios need");
            }

            Directory.CreateSymbolicLink(Path.Combine(own, name), source);
        }

        return own;
    }

    private static async Task BeforeAsync(Service service, string folder, CancellationToken cancelled)
    {
        if (service.BeforeScript is not { } script)
        {
            return;
        }

        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using var shell = Process.Start(start) ?? throw new IOException("no shell was started");
        await shell.StandardOutput.ReadToEndAsync(cancelled);
        await shell.WaitForExitAsync(cancelled);
        if (shell.ExitCode != 0)
        {
            throw new IOException($"{service.Name}: {script}: exit code {shell.ExitCode}");
        }
    }

    private static async Task<int> LoadAsync(Service service, string folder, string? json, CancellationToken cancelled)
    {
        var start = ServiceProcess.StartInfo(service, folder);
        start.Arguments += json is null ? "" : $" --json \"{json}\"";
        start.WorkingDirectory = Environment.CurrentDirectory; // Where it finds out which commit is measured.
        using var load = Process.Start(start) ?? throw new IOException($"{service.Name} was not started");
        try
        {
            await load.WaitForExitAsync(cancelled);
        }
        catch (OperationCanceledException)
        {
            load.Kill(entireProcessTree: true);
            throw;
        }

        return load.ExitCode;
    }
}
