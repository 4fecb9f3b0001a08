using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace FastPush.Gateway.Links;

/// <summary>Sends through a <see cref="PipeWriter"/>: TLS connections, SSE responses and in-memory transports.</summary>
internal sealed class PipeLink(PipeWriter output, Action end, Action abort) : Link
{
    // At most so much is handed to the pipe before its flush has come back, so that a slow reader costs this and its outbox.
    private const int ChunkBytes = 64 << 10;

    private ValueTaskAwaiter<FlushResult> _flush;
    private bool _flushing;
    private bool _gone;
    private bool _wanted;
    private Action? _flushed;

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_gone)
        {
            return -1;
        }

        if (_flushing)
        {
            return 0;
        }

        var chunk = bytes[..Math.Min(bytes.Length, ChunkBytes)];
        chunk.CopyTo(output.GetSpan(chunk.Length));
        output.Advance(chunk.Length);
        var flush = output.FlushAsync().GetAwaiter();
        if (flush.IsCompleted)
        {
            return Complete(flush) ? chunk.Length : -1;
        }

        _flush = flush;
        _flushing = true;
        flush.UnsafeOnCompleted(_flushed ??= OnFlushed);
        return chunk.Length;
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest)
    {
        _wanted = true;
        if (!_flushing)
        {
            // The pipe takes more already; say so from elsewhere, as the contract of this call demands.
            ThreadPool.UnsafeQueueUserWorkItem(static link => link.Ready(), this, preferLocal: false);
        }
    }

    public override void EndSend() => end();

    public override void Abort()
    {
        _gone = true;
        abort();
    }

    private bool Complete(ValueTaskAwaiter<FlushResult> flush)
    {
        try
        {
            var result = flush.GetResult();
            _gone |= result.IsCompleted || result.IsCanceled;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The reader's side of the pipe ended with this error: the connection is gone.
            _gone = true;
        }

        return !_gone;
    }

    private void OnFlushed()
    {
        lock (Session!)
        {
            _flushing = false;
            Complete(_flush);
            _flush = default;
        }

        Ready();
    }

    private void Ready()
    {
        bool wanted;
        lock (Session!)
        {
            wanted = _wanted;
            _wanted = false;
        }

        if (wanted)
        {
            Session!.OnWritable(_gone ? -1 : 0);
        }
    }
}
