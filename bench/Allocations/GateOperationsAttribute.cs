namespace FastPush.Bench.Allocations;

/// <summary>How many operations the allocation gate runs at a time, for benchmarks whose operations are large.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class GateOperationsAttribute(int count) : Attribute
{
    public int Count { get; } = count;
}
