using System.Collections.Concurrent;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Topics;
using Microsoft.Win32.SafeHandles;

namespace FastPush.Gateway.Engine;

/// <summary>
/// One thread and its epoll set. Each turn takes what is ready, runs every connection's input to completion, then delivers what the
/// whole turn published: that is the read batch. Nothing here waits for anything but epoll.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    // As large as a socket's receive buffer gets before the kernel holds the sender back; shared by all connections of the loop.
    private const int ReceiveBytes = 128 << 10;
    private const int EventsPerTurn = 256;

    // A turn that has published so much delivers before it reads on, so that a batch costs bounded memory.
    private const int BatchMessages = 1024;

    // A turn that takes longer has done work that belongs to another thread.
    private const double StallSeconds = 0.25;

    // Closed by their finalizers, when nobody has this loop any more: whoever posts late, or lets go of a connection late, must not
    // meet another's descriptor under these numbers.
#pragma warning disable CA2213
    private readonly SafeFileHandle _epollHandle;
    private readonly SafeFileHandle _signalHandle;
#pragma warning restore CA2213
    private readonly int _epoll;
    private readonly int _signal;
    private readonly EpollEvent[] _events = new EpollEvent[EventsPerTurn];
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);
    private readonly EngineTable _table;
    private readonly Node _node;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<IPosted> _posted = new();
    private volatile bool _stopping;

    public EventLoop(Node node, EngineTable table, int number)
    {
        _node = node;
        _table = table;
        _epoll = Native.EpollCreate();
        _epollHandle = new SafeFileHandle(_epoll, ownsHandle: true);
        _signal = Native.EventFd();
        _signalHandle = new SafeFileHandle(_signal, ownsHandle: true);
        if (!Native.EpollCtl(_epoll, Native.CtlAdd, _signal, Native.EpollIn, EngineTable.Key(_signal, 0)))
        {
            throw new IOException($"epoll_ctl failed: errno {Native.LastError}");
        }

        _thread = new Thread(Run) { Name = $"fastpush-engine-{number}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Adds a descriptor; what it is stands in the table under <paramref name="key"/>.</summary>
    public bool Add(int fd, ulong key) => Native.EpollCtl(_epoll, Native.CtlAdd, fd, Native.EpollIn | Native.EpollRdHup, key);

    /// <summary>Changes what is waited for. From any thread.</summary>
    public bool Modify(int fd, uint events, ulong key) => Native.EpollCtl(_epoll, Native.CtlMod, fd, events, key);

    /// <summary>Takes a descriptor out. From any thread.</summary>
    public void Remove(int fd) => Native.EpollCtl(_epoll, Native.CtlDel, fd, 0, 0);

    /// <summary>Runs <see cref="IPosted.OnPosted"/> on the loop's thread. False, and it does not run, when the loop has ended.</summary>
    public bool Post(IPosted posted)
    {
        if (_stopping)
        {
            return false;
        }

        _posted.Enqueue(posted);
        Native.Signal(_signal);
        GC.KeepAlive(this);
        return true;
    }

    public void Dispose()
    {
        _stopping = true;
        Native.Signal(_signal);
        _thread.Join();
        RunPosted();
        GC.KeepAlive(_epollHandle);
        GC.KeepAlive(_signalHandle);
    }

    private void Run()
    {
        FanoutBatch.Current.HasTurns = true;
        while (!_stopping)
        {
            var count = Native.EpollWait(_epoll, _events);
            if (count < 0)
            {
                if (Native.LastError == Native.Eintr)
                {
                    continue;
                }

                throw new IOException($"epoll_wait failed: errno {Native.LastError}");
            }

            var began = _node.Clock.Ticks;
            Turn(count);
            var seconds = _node.Clock.SecondsSince(began);
            if (seconds > StallSeconds)
            {
                _node.Metrics.EngineStalled();
                GatewayLog.EngineStalled(_node.Log, (long)(seconds * 1000));
            }
        }
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var posted))
        {
            posted.OnPosted();
        }
    }

    private void Turn(int count)
    {
        var batch = FanoutBatch.Current;
        for (var i = 0; i < count; i++)
        {
            var ready = _events[i];
            if (_table.Find(ready.Data) is { } handler)
            {
                try
                {
                    handler.OnReady(ready.Events, _buffer);
                }
                catch (Exception e)
                {
                    // A fault of ours: one connection pays for it, the loop goes on.
                    GatewayLog.ConnectionFailed(_node.Log, handler.ToString()!, e);
                    handler.OnFault();
                }

                if (batch.Count >= BatchMessages)
                {
                    batch.Complete(_node);
                }
            }
            else if (ready.Data == EngineTable.Key(_signal, 0))
            {
                Native.ResetSignal(_signal);
                RunPosted();
            }
        }

        batch.Complete(_node);
    }
}
