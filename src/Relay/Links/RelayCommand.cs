namespace FastPush.Relay.Links;

/// <summary>A command of the link's own, beside the batches.</summary>
/// <param name="bytes">As it goes out.</param>
/// <param name="channel">The channel that it subscribes to, or null for one that has a reply.</param>
internal sealed class RelayCommand(byte[] bytes, string? channel = null)
{
    private readonly TaskCompletionSource<byte[]> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Bytes { get; } = bytes;

    public string? Channel { get; } = channel;

    /// <summary>The whole reply. Fails when the connection ends before it comes.</summary>
    public Task<byte[]> Reply => _reply.Task;

    public void Answer(byte[] frame) => _reply.TrySetResult(frame);

    public void Fail(string reason)
    {
        _reply.TrySetException(new RelayException(reason));
        // A failed PING is nobody's concern, so its exception must not count as unobserved.
        _ = _reply.Task.Exception;
    }
}
