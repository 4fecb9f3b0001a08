using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using FastPush.Relay.Redis;
using Microsoft.AspNetCore.Connections;

namespace FastPush.Relay.Links;

/// <summary>A connected socket as two pipes, with TLS between if it is wanted.</summary>
internal sealed class RelaySocket(ConnectionContext context, SslStream? tls, EndPoint endPoint) : IAsyncDisposable
{
    // A TLS record holds 16 KiB.
    private static readonly StreamPipeReaderOptions s_reading = new(bufferSize: 16 * 1024, leaveOpen: true);
    private static readonly StreamPipeWriterOptions s_writing = new(minimumBufferSize: 16 * 1024, leaveOpen: true);

    public PipeReader Input { get; } = tls is null ? context.Transport.Input : PipeReader.Create(tls, s_reading);

    public PipeWriter Output { get; } = tls is null ? context.Transport.Output : PipeWriter.Create(tls, s_writing);

    public EndPoint EndPoint { get; } = endPoint;

    public string Name { get; } = RedisEndpoints.Print(endPoint);

    /// <summary>Ends what reads and writes; may be called at any time, by anybody.</summary>
    public void Abort(string reason) => context.Abort(new ConnectionAbortedException(reason));

    /// <summary>Nobody may read or write any more.</summary>
    public async ValueTask DisposeAsync()
    {
        context.Abort(new ConnectionAbortedException("disposed"));
        await Input.CompleteAsync();
        if (tls is not null)
        {
            // Completing the writer would flush to a stream that is gone; its buffers are the collector's.
            await tls.DisposeAsync();
        }
        else
        {
            await Output.CompleteAsync();
        }

        await context.DisposeAsync();
    }
}
