using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using FastPush.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Stands between a connection and the HTTP server that serves it, and watches for an upgrade of <c>/stomp</c> among its requests. For
/// the server the input is over in front of the upgrade: it answers what came before, ends, and the connection is free for the upgrade.
/// Whatever is not understood is the server's, and nothing is watched for any more.
/// </summary>
internal sealed class UpgradeWatch : PipeReader, IDuplexPipe, IConnectionHeartbeatFeature
{
    private readonly ConnectionContext _connection;
    private readonly IDuplexPipe _transport;
    private readonly PipeReader _input;
    private readonly IConnectionHeartbeatFeature? _heartbeat;
    private readonly UpgradeDeadline _deadline;
    private readonly WatchedOutput _output;
    private RequestScan _scan;
    private ScanResult _found;

    // Of the last read: what there was, how much of it was scanned, how much of it the server was shown, and has looked at in vain.
    private ReadOnlySequence<byte> _buffer;
    private long _scanned;
    private long _shown;
    private long _examined;
    private volatile bool _isOver;

    /// <summary>Takes the connection's transport and heartbeat over until <see cref="Leave"/>.</summary>
    public UpgradeWatch(ConnectionContext connection, ProtocolLimits limits, HandshakeWatch deadlines)
    {
        _connection = connection;
        _transport = connection.Transport;
        _input = _transport.Input;
        _scan = new RequestScan(limits);
        _deadline = new UpgradeDeadline(connection, deadlines);
        _output = new WatchedOutput(_transport.Output, this);
        _heartbeat = connection.Features.Get<IConnectionHeartbeatFeature>();
        if (_heartbeat is not null)
        {
            connection.Features.Set<IConnectionHeartbeatFeature>(this);
        }

        connection.Transport = this;
    }

    /// <summary>The server has taken all in front of an upgrade, and was told that nothing else comes.</summary>
    public bool IsOver => _isOver;

    /// <summary>An upgrade is the next thing to read, and the server was done when it was told so.</summary>
    public bool HasUpgrade => _isOver && !_output.WasUsedAtTheEnd;

    PipeReader IDuplexPipe.Input => this;

    PipeWriter IDuplexPipe.Output => _output;

    /// <summary>The server has let go of the connection.</summary>
    public void Leave()
    {
        _deadline.End();
        _connection.Transport = _transport;
        if (_heartbeat is not null)
        {
            _connection.Features.Set(_heartbeat);
        }
    }

    /// <summary>The server's time-outs end with its part: one that it forgot would end the session later.</summary>
    public void OnHeartbeat(Action<object> action, object state)
    {
        var beat = new Beat(this, action, state);
        _heartbeat!.OnHeartbeat(static own => ((Beat)own).Run(), beat);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (!_isOver)
        {
            var result = await _input.ReadAsync(cancellationToken);
            if (TryShow(ref result))
            {
                return result;
            }
        }

        return new ReadResult(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);
    }

    public override bool TryRead(out ReadResult result)
    {
        while (!_isOver)
        {
            if (!_input.TryRead(out result))
            {
                return false;
            }

            if (TryShow(ref result))
            {
                return true;
            }
        }

        result = new ReadResult(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_isOver)
        {
            return;
        }

        if (_found == ScanResult.Lost)
        {
            _input.AdvanceTo(consumed, examined);
            return;
        }

        var consumedBytes = _buffer.Slice(0, consumed).Length;
        var examinedBytes = _buffer.Slice(0, examined).Length;
        var isAllSeen = examinedBytes >= _shown;
        _scanned -= consumedBytes;
        _examined = examinedBytes - consumedBytes;
        if (_scanned < 0)
        {
            _found = ScanResult.Lost; // The server has read a line that is not whole: it thinks differently.
        }

        // What is withheld was looked at here: the next read waits for more.
        var end = _found == ScanResult.NeedMore && isAllSeen ? _buffer.End : _found == ScanResult.Upgrade ? consumed : examined;
        _buffer = default;
        _input.AdvanceTo(consumed, end);
    }

    public override void CancelPendingRead()
    {
        if (!_isOver)
        {
            _input.CancelPendingRead();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        if (!_isOver)
        {
            _input.Complete(exception);
        }
    }

    // False when there is nothing new for the server; then the read was ended here.
    private bool TryShow(ref ReadResult result)
    {
        if (_found == ScanResult.Lost)
        {
            return true;
        }

        _buffer = result.Buffer;
        if (_found != ScanResult.Upgrade)
        {
            _found = _scan.Read(_buffer.Slice(_scanned), out var scanned);
            _scanned += scanned;
        }

        if (_found == ScanResult.NeedMore && result.IsCompleted)
        {
            _found = ScanResult.Lost; // It never becomes whole: the server answers what there is.
        }

        _deadline.Set(_found == ScanResult.NeedMore);
        if (_found is ScanResult.Http or ScanResult.Lost)
        {
            _shown = _buffer.Length;
            return true;
        }

        var visible = _buffer.Slice(0, _scanned);
        _shown = _scanned;
        if (_found == ScanResult.Upgrade)
        {
            _isOver = visible.IsEmpty;
            if (_isOver)
            {
                _input.AdvanceTo(_buffer.Start);
                return false;
            }

            // Who has looked at all of it and takes none wants more of a request that is over: it shall say so, and end.
            result = new ReadResult(visible, result.IsCanceled, isCompleted: _examined >= _shown);
            return true;
        }

        if (!result.IsCanceled && _examined >= _shown)
        {
            _input.AdvanceTo(_buffer.Start, _buffer.End);
            return false;
        }

        result = new ReadResult(visible, result.IsCanceled, isCompleted: false);
        return true;
    }

    private sealed class Beat(UpgradeWatch watch, Action<object> action, object state)
    {
        private object? _state = state;

        public void Run()
        {
            if (watch.IsOver)
            {
                _state = null; // The server's connection object may go.
            }
            else if (_state is { } own)
            {
                action(own);
            }
        }
    }
}
