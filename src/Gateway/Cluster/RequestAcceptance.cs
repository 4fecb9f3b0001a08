namespace FastPush.Gateway.Cluster;

/// <summary>An HTTP request that answers when all its messages are stored.</summary>
internal sealed class RequestAcceptance : IAcceptance
{
    private readonly TaskCompletionSource<string?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open = 1;
    private string? _refusal;

    /// <summary>Completes with null, or with why a message was refused.</summary>
    public Task<string?> Task => _done.Task;

    public void Expect() => Interlocked.Increment(ref _open);

    public void Accepted() => Done();

    public void Refused(string why)
    {
        Volatile.Write(ref _refusal, why);
        Done();
    }

    /// <summary>All messages were expected.</summary>
    public void Done()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _done.SetResult(Volatile.Read(ref _refusal));
        }
    }
}
