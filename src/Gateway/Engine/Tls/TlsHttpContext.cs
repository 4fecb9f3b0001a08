using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastPush.Gateway.Engine.Tls;

/// <summary>
/// A connection that Kestrel's HTTP server gets with TLS done already: Kestrel leaves TLS alone where
/// <see cref="ITlsConnectionFeature"/> is there, and takes the scheme from it. Two bounded pipes stand between its tasks and the loop.
/// </summary>
internal sealed class TlsHttpContext : DefaultConnectionContext, ITlsConnectionFeature, ITlsHandshakeFeature
{
    // A read brings at most the loop's buffer over this, and reading stops until the server has taken half.
    private static readonly PipeOptions s_options = new(pauseWriterThreshold: 64 << 10, resumeWriterThreshold: 32 << 10);

    private readonly Pipe _input = new(s_options);
    private readonly Pipe _output = new(s_options);
    private readonly TlsChannel _channel;
    private readonly HandshakeWatch _watch;
    private readonly Action _done;
    private readonly Task _sending;

#pragma warning disable CA2213 // Cancelled when the socket is closed, which may be after the server let go. It has nothing to dispose of.
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenSource _inputEnd = new();
#pragma warning restore CA2213
    private volatile TaskCompletionSource? _writable;
    private volatile bool _isPaused;
    private volatile bool _isInputOver;
    private volatile bool _isClosed;

    /// <summary>
    /// <paramref name="done"/> has the connection closed by its loop; <paramref name="watch"/> bounds how long its last bytes may take.
    /// </summary>
    public TlsHttpContext(TlsChannel channel, int fd, ConnectionEntry entry, HandshakeWatch watch, Action done)
        : base(Guid.NewGuid().ToString("N"))
    {
        _channel = channel;
        _watch = watch;
        _done = done;
        ConnectionClosed = _closed.Token;
        Transport = new Duplex(_input.Reader, _output.Writer);
        (LocalEndPoint, RemoteEndPoint) = (Native.LocalName(fd), Native.PeerName(fd));
        Features.Set(entry);
        Features.Set(new InputEnd(_inputEnd.Token));
        Features.Set<ITlsConnectionFeature>(this);
        Features.Set<ITlsHandshakeFeature>(this);
        _sending = SendAsync();
    }

    /// <summary>Nothing is read: until the server has taken what there is, or because no more comes.</summary>
    public bool IsPaused => _isPaused || _isInputOver;

    /// <summary>The client sends nothing more.</summary>
    public bool IsInputOver => _isInputOver;

    public X509Certificate2? ClientCertificate { get; set; }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ClientCertificate);

    public SslProtocols Protocol => SslProtocols.Tls13;

    public TlsCipherSuite? NegotiatedCipherSuite => null;

#pragma warning disable SYSLIB0058 // The feature's interface has them; TLS 1.3 has no such parts of a suite.
    public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.None;

    public int CipherStrength => 0;

    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

    public int HashStrength => 0;

    public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    public int KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058

    /// <summary>On the loop's thread: content came.</summary>
    public void Receive(ReadOnlySpan<byte> content)
    {
        content.CopyTo(_input.Writer.GetSpan(content.Length));
        _input.Writer.Advance(content.Length);
    }

    /// <summary>On the loop's thread, behind the last <see cref="Receive"/> of a read.</summary>
    public void EndRead()
    {
        var flush = _input.Writer.FlushAsync();
        if (!flush.IsCompleted)
        {
            _isPaused = true;
            _channel.SetReading(false);
            _ = ResumeAsync(flush);
        }
    }

    /// <summary>
    /// On the loop's thread: the client sends nothing more. What it asked for is answered; then the server ends the connection.
    /// </summary>
    public void EndInput()
    {
        _isInputOver = true;
        _channel.SetReading(false);
        _input.Writer.Complete();
        ThreadPool.UnsafeQueueUserWorkItem(static end => end.Cancel(), _inputEnd, preferLocal: false);
    }

    /// <summary>On the loop's thread: the channel takes bytes again.</summary>
    public void OnWritable() => _writable?.TrySetResult();

    /// <summary>On the loop's thread: the descriptor is closed.</summary>
    public void OnClosed()
    {
        _isClosed = true;
        _input.Writer.Complete();
        _output.Reader.CancelPendingRead();
        _writable?.TrySetResult();
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        ThreadPool.UnsafeQueueUserWorkItem(static end => end.Cancel(), _inputEnd, preferLocal: false);
    }

    public override void Abort(ConnectionAbortedException abortReason) => _channel.Abort();

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await Transport.Input.CompleteAsync();
            await Transport.Output.CompleteAsync();
            await _sending;
        }
        finally
        {
            _done();
            await base.DisposeAsync();
        }
    }

    private async Task ResumeAsync(ValueTask<FlushResult> flush)
    {
        await flush;
        _isPaused = false;
        _channel.SetReading(true);
    }

    private async Task SendAsync()
    {
        try
        {
            await SendAllAsync();
        }
        catch (Exception e) when (e is IOException or ConnectionAbortedException or OperationCanceledException)
        {
            _channel.Abort(); // The server ended its side with this error.
        }

        await _output.Reader.CompleteAsync();
    }

    private async Task SendAllAsync()
    {
        var output = _output.Reader;
        while (!_isClosed)
        {
            var result = await output.ReadAsync();
            foreach (var segment in result.Buffer)
            {
                await SendAsync(segment);
            }

            output.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        // Nobody writes any more, or it does not matter: what was taken goes out, then the end of it.
        _channel.EndSend();
        _watch.Add(_channel.Abort);
        await WritableAsync();
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> rest)
    {
        while (!_isClosed)
        {
            var sent = _channel.TrySend(rest.Span);
            if (sent < 0 || sent == rest.Length)
            {
                return;
            }

            rest = rest[sent..];
            await WritableAsync();
        }
    }

    private async ValueTask WritableAsync()
    {
        var writable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _writable = writable;
        _channel.WantWritable();
        if (!_isClosed)
        {
            await writable.Task;
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
