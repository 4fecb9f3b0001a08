namespace FastPush.Simulation.Fleet;

/// <summary>Where the code of one process goes on after an await: not at once, but when the simulation lets it.</summary>
internal sealed class NodeContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();

    public bool IsEmpty => _posted.Count == 0;

    public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("nothing may block");

    public override SynchronizationContext CreateCopy() => this;

    public Action TakeNext()
    {
        var (callback, state) = _posted.Dequeue();
        return () => callback(state);
    }

    public void Clear() => _posted.Clear();
}
