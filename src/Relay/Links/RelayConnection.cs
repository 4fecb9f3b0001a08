using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Links;

/// <summary>
/// One connection that publishes and is subscribed, after its handshake. Its writer is a work item: whoever adds the first thing to send
/// queues it, and it runs until nothing is left. So publishing never waits, and what is published meanwhile goes out with the next batch.
/// </summary>
internal sealed class RelayConnection : IThreadPoolWorkItem
{
    // More unanswered commands would only fill Redis' buffers; what waits instead goes into larger batches.
    private const int InFlightMax = 128;

    // Written before each flush, at least; the transport stops taking at 64 KiB too.
    private const int FlushBytes = 64 * 1024;

    private static readonly byte[] s_ping = RespCommand.Encode("PING");

    private readonly Lock _gate = new();
    private readonly PendingReplies _replies = new(InFlightMax * 2);
    private readonly Queue<RelayCommand> _commands = new();
    // May hold a lane that has gone elsewhere meanwhile, or a lane twice after its return: taking from it finds nothing.
    private readonly Queue<RelayLane> _ready = new(64);
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RelaySocket _socket;
    private readonly LinkCounters _counters;
    private readonly Action _afterFlush;
    private ValueTaskAwaiter<FlushResult> _flush;
    private int _inFlight;
    private bool _isWriting;
    private string? _failure;

    public RelayConnection(RelaySocket socket, RelayServer server, LinkCounters counters)
    {
        _socket = socket;
        _counters = counters;
        _afterFlush = AfterFlush;
        Server = server;
    }

    public RelayServer Server { get; }

    public string Name => _socket.Name;

    public System.Net.EndPoint EndPoint => _socket.EndPoint;

    public PipeReader Input => _socket.Input;

    /// <summary>Why it ended; null while it lives.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    public (long Taken, bool Waiting) Replies => _replies.State;

    /// <summary>A lane has something to send; called with the lane's lock held, once until the lane was taken empty.</summary>
    public void Ready(RelayLane lane)
    {
        lock (_gate)
        {
            _ready.Enqueue(lane);
            WakeLocked();
        }
    }

    public void Ping() => Send(new RelayCommand(s_ping));

    /// <summary>Sends a command before what waits in lanes. Its reply fails when the connection ends.</summary>
    public void Send(RelayCommand command)
    {
        string reason;
        lock (_gate)
        {
            if (_failure is null)
            {
                _commands.Enqueue(command);
                WakeLocked();
                return;
            }

            reason = _failure;
        }

        command.Fail(reason);
    }

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void Fail(string reason)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }

            _failure = reason;
            if (!_isWriting)
            {
                _writerEnded.TrySetResult();
            }
        }

        _socket.Abort(reason);
    }

    /// <summary>What the next reply is about; false if nothing was asked.</summary>
    public bool TryTakeReply(out PendingReply reply)
    {
        if (!_replies.TryTake(out reply))
        {
            return false;
        }

        if (reply.Batch is not null)
        {
            lock (_gate)
            {
                if (_inFlight-- == InFlightMax)
                {
                    WakeLocked();
                }
            }
        }

        return true;
    }

    public bool TryTakeSubscription(in ReadOnlySequence<byte> channel, out string name) =>
        _replies.TryTakeSubscription(channel, out name);

    /// <summary>After the reader's end: waits for the writer's, closes the socket, returns the batches that got no reply.</summary>
    public async Task<RelayBatch[]> CloseAsync(string reason)
    {
        Fail(reason);
        await _writerEnded.Task;
        await _socket.DisposeAsync();
        var left = _replies.TakeAll();
        foreach (var command in left.Select(reply => reply.Command).OfType<RelayCommand>().Concat(TakeCommands()))
        {
            command.Fail(reason);
        }

        return [.. left.Select(reply => reply.Batch).OfType<RelayBatch>()];
    }

    void IThreadPoolWorkItem.Execute() => Write();

    private RelayCommand[] TakeCommands()
    {
        lock (_gate)
        {
            RelayCommand[] all = [.. _commands];
            _commands.Clear();
            return all;
        }
    }

    private void WakeLocked()
    {
        if (!_isWriting && _failure is null)
        {
            _isWriting = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void AfterFlush()
    {
        if (EndFlush())
        {
            Write();
        }
    }

    private void Write()
    {
        while (WriteSome())
        {
#pragma warning disable CA2012 // Consumed once, by EndFlush: now, or by the continuation. An async method would allocate here.
            _flush = _socket.Output.FlushAsync().GetAwaiter();
#pragma warning restore CA2012
            if (!_flush.IsCompleted)
            {
                _flush.UnsafeOnCompleted(_afterFlush);
                return;
            }

            if (!EndFlush())
            {
                return;
            }
        }
    }

    /// <summary>False when the connection has ended, and the writer with it.</summary>
    private bool EndFlush()
    {
        string reason;
        try
        {
            if (!_flush.GetResult().IsCompleted)
            {
                return true;
            }

            reason = "the connection was closed";
        }
        catch (Exception fault)
        {
            // Whatever a flush throws, nothing more can be sent here; the reason reaches the log.
            reason = fault.Message;
        }

        Fail(reason);
        lock (_gate)
        {
            EndWritingLocked();
        }

        return false;
    }

    private void EndWritingLocked()
    {
        _isWriting = false;
        if (_failure is not null)
        {
            _writerEnded.TrySetResult();
        }
    }

    /// <summary>Writes what waits, up to about one flush. False, and the writer has ended, when there was nothing.</summary>
    private bool WriteSome()
    {
        var written = 0;
        while (written < FlushBytes)
        {
            RelayCommand? command;
            RelayLane? lane = null;
            lock (_gate)
            {
                if (_failure is null && _commands.TryDequeue(out command))
                {
                    _replies.Add(new PendingReply(null, command));
                }
                else if (_failure is null && _inFlight < InFlightMax && _ready.TryDequeue(out lane))
                {
                    command = null;
                }
                else if (written > 0 && _failure is null)
                {
                    return true;
                }
                else
                {
                    EndWritingLocked();
                    return false;
                }
            }

            written += command is not null ? WriteCommand(command) : WriteBatch(lane!);
        }

        return true;
    }

    private int WriteCommand(RelayCommand command)
    {
        _socket.Output.Write(command.Bytes);
        return command.Bytes.Length;
    }

    private int WriteBatch(RelayLane lane)
    {
        if (lane.Take(this, out var more) is not { } batch)
        {
            return 0;
        }

        // Listed before it can be sent, so the reply always finds it.
        lock (_gate)
        {
            _replies.Add(new PendingReply(batch, null));
            _inFlight++;
            if (more)
            {
                _ready.Enqueue(lane);
            }
        }

        batch.WriteTo(_socket.Output, lane.PublishHead(Server.IsCluster));
        Interlocked.Add(ref _counters.MessagesOut, batch.Count);
        Interlocked.Increment(ref _counters.BatchesOut);
        Interlocked.Add(ref _counters.BytesOut, batch.Length);
        return batch.Length;
    }
}
