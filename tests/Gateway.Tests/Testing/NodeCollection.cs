namespace FastPush.Gateway.Tests.Testing;

/// <summary>
/// Tests that look at process-wide counts (bytes out of the pool, bytes allocated by a thread) run alone and one after the other.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NodeCollection
{
    public const string Name = "node";
}
