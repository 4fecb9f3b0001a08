using System.IO.Pipelines;

namespace FastPush.Gateway.Transport;

/// <summary>The HTTP server's way out. It stays open for who comes behind the server when the server's part is over.</summary>
internal sealed class WatchedOutput(PipeWriter output, UpgradeWatch watch) : PipeWriter
{
    /// <summary>
    /// The server wrote after it was told that no request follows. So what it read last was not over for it, and nothing is certain.
    /// </summary>
    public bool WasUsedAtTheEnd { get; private set; }

    public override bool CanGetUnflushedBytes => output.CanGetUnflushedBytes;

    public override long UnflushedBytes => output.UnflushedBytes;

    public override void Advance(int bytes)
    {
        WasUsedAtTheEnd |= bytes > 0 && watch.IsOver;
        output.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => output.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        output.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        WasUsedAtTheEnd |= !source.IsEmpty && watch.IsOver;
        return output.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush()
    {
        if (!watch.IsOver)
        {
            output.CancelPendingFlush();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        if (!watch.IsOver)
        {
            output.Complete(exception);
        }
    }
}
