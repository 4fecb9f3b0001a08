using System.Globalization;
using FastPush.Load.Clients;
using FastPush.Load.Control;
using FastPush.Load.Keys;
using FastPush.Load.Report;
using FastPush.Load.Run;

namespace FastPush.Load;

/// <summary>What can be asked on the command line.</summary>
internal static class Commands
{
    private const int Good = 0;
    private const int Bad = 1;
    private const int Usage = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            switch (args.FirstOrDefault())
            {
                case "keys" when args.Length is 2 or 3 && args[1][0] != '-':
                    return MakeKeys(args[1], args.Length == 3 ? OptionReader.Whole(args[2], 0, 1_000_000) : 0);
                case "run" when args.Length > 1:
                    return await LocalRunner.RunAsync(args[1..]);
                case "worker":
                    Work(int.Parse(args[1], CultureInfo.InvariantCulture), args[2], args[3..]);
                    return Good;
                case { } name when Scenarios.Find(name) is { } defaults:
                    return await MeasureAsync(OptionReader.Read(defaults, args[1..]), args);
                default:
                    PrintUsage();
                    return args is ["--help"] or ["-h"] ? Good : Usage;
            }
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"fastpush-load: {e.Message}");
            return Usage;
        }
        catch (OperationCanceledException)
        {
            return Bad;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"fastpush-load: {e.Message}");
            return Bad;
        }
    }

    private static int MakeKeys(string path, int users)
    {
        var folder = new KeyFolder(path);
        folder.EnsureTokens(users);
        Console.WriteLine(folder.GatewayOptions);
        return Good;
    }

    private static async Task<int> MeasureAsync(LoadOptions options, string[] args)
    {
        var started = TimeProvider.System.GetUtcNow();
        if (options.KeyFolder is { } path)
        {
            new KeyFolder(path).EnsureTokens(options.Connections + (options.Observers * options.Targets.Count));
        }

        var measured = new List<(string, Measured)>();
        using (var progress = new ProgressLine(Console.Error))
        {
            var variants = Scenarios.Variants(options);
            foreach (var prewarming in variants.Select(v => Scenarios.Prewarming(v.Options)).OfType<LoadOptions>())
            {
                using var run = new LoadRun(prewarming, WorkerArguments(args, prewarming), progress);
                await run.RunAsync();
            }

            foreach (var (name, variant) in variants)
            {
                if (variant.UsesTls)
                {
                    using var idle = new TlsIdleRun(variant, progress);
                    measured.Add((name, await idle.RunAsync()));
                    continue;
                }

                using var run = new LoadRun(variant, WorkerArguments(args, variant), progress);
                measured.Add((name, await run.RunAsync()));
            }
        }

        var result = ResultBuilder.Build(started, RunContext.Read(), measured);
        if (options.JsonPath is { } file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            await File.WriteAllTextAsync(file, result.ToJson());
        }

        Console.Write(Table.Write(result) + "\n" + CrankBlock.Write(result, TimeProvider.System.GetUtcNow()));
        return result.IsGood ? Good : Bad;
    }

    // Of what the variants change, the last one given counts.
    private static string[] WorkerArguments(string[] args, LoadOptions variant) =>
    [
        .. args,
        .. variant.Shape.Length == 0 ? Array.Empty<string>() : ["--shape", variant.Shape],
        "--ack", variant.AckMode,
        "--slow-every", variant.SlowEvery.ToString(CultureInfo.InvariantCulture),
        "--connections", variant.Connections.ToString(CultureInfo.InvariantCulture),
        "--rate", variant.Rate.ToString(CultureInfo.InvariantCulture),
    ];

    private static void Work(int process, string scenario, string[] args)
    {
        var options = OptionReader.Read(Scenarios.Find(scenario) ?? throw new UsageException($"no scenario {scenario}"), args);
        var plan = new Plan(options, process);
        var tokens = options.KeyFolder is { } path
            ? new KeyFolder(path).ReadTokens(plan.FirstUser, plan.Users, plan.Publishers)
            : null;
        new Worker(options, process, new Credentials(tokens)).Run();
    }

    private static void PrintUsage() => Console.Error.Write(
        $"usage: fastpush-load SCENARIO [options]     {string.Join(", ", Scenarios.Names)}\n"
        + "       fastpush-load keys DIR [USERS]       makes a key and tokens in DIR, prints the options that make a gateway accept them\n"
        + "       fastpush-load run FILE.crank.yml [--variable NAME=VALUE ...]\n"
        + OptionReader.Help);
}
