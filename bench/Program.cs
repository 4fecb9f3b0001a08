using BenchmarkDotNet.Running;
using FastPush.Bench.Allocations;

// --gate [--update]: the allocation gate. Anything else goes to BenchmarkDotNet.
if (args.Contains("--gate"))
{
    return AllocationGate.Run(args.Contains("--update"));
}

BenchmarkSwitcher.FromAssembly(typeof(AllocationGate).Assembly).Run(args);
return 0;
