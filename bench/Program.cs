using BenchmarkDotNet.Running;
using FastPush.Bench.Allocations;
using FastPush.Bench.Memory;

// --gate and --memory-gate, each with --update or without, are the gates. Anything else goes to BenchmarkDotNet.
var update = args.Contains("--update");
if (args.Contains("--gate"))
{
    return AllocationGate.Run(update);
}

if (args.Contains("--memory-gate"))
{
    return await MemoryGate.RunAsync(update);
}

BenchmarkSwitcher.FromAssembly(typeof(AllocationGate).Assembly).Run(args);
return 0;
