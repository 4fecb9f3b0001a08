namespace FastPush.EchoHost;

/// <summary>What has arrived and was not consumed, at the front of one fixed buffer.</summary>
internal sealed class Incoming(Stream stream, byte[] buffer)
{
    private int _start;
    private int _end;

    public Span<byte> Held => buffer.AsSpan(_start, _end - _start);

    public void Drop(int count) => _start += count;

    /// <summary>Waits for more; false at the end of the stream.</summary>
    public async Task<bool> ReceiveAsync(CancellationToken cancellation = default)
    {
        Held.CopyTo(buffer);
        _end -= _start;
        _start = 0;
        var count = await stream.ReadAsync(buffer.AsMemory(_end), cancellation);
        _end += count;
        return count > 0;
    }

    /// <summary>Reads to the end of the stream and forgets it all.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        do
        {
            Drop(Held.Length);
        }
        while (await ReceiveAsync(cancellation));
    }
}
