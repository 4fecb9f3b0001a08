using System.Buffers;
using System.Runtime.InteropServices;
using FastPush.Gateway.Engine;
using FastPush.Load.Clients;

namespace FastPush.Load.Engine;

/// <summary>
/// The epoll set of the process's one thread, with what its connections share: one receive buffer, and buffers for the few that
/// have something left over. A connection with nothing to say holds none.
/// </summary>
internal sealed class ClientLoop
{
    private const int ReceiveBytes = 256 << 10;
    private const int EventsPerTurn = 128;
    private const ulong CommandKey = ulong.MaxValue;

    private readonly int _epoll = Native.EpollCreate();
    private readonly EpollEvent[] _events = new EpollEvent[EventsPerTurn];
    private readonly ArrayPool<byte> _pool = ArrayPool<byte>.Create(16 << 20, 4096);
    private readonly List<Connection> _dirty = [];
    private Connection[] _connections = [];

    public byte[] Buffer { get; private set; } = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);

    /// <summary>For a frame or request that is put together before it goes into a connection's buffer.</summary>
    public byte[] Scratch { get; } = new byte[2 << 20];

    /// <summary>The time of the last look at the clock: after every read, and at the start of a turn.</summary>
    public long Now { get; set; } = MonotonicClock.Now;

    public void Own(Connection[] connections) => _connections = connections;

    /// <summary>Watches a pipe for commands.</summary>
    public void WatchCommands(int fd) => Native.EpollCtl(_epoll, Native.CtlAdd, fd, Native.EpollIn, CommandKey);

    public bool Add(Connection connection, int fd, uint events) => Native.EpollCtl(_epoll, Native.CtlAdd, fd, events, connection.Key);

    public void Modify(Connection connection, int fd, uint events) => Native.EpollCtl(_epoll, Native.CtlMod, fd, events, connection.Key);

    /// <summary>Makes room for so many bytes, keeping none.</summary>
    public void Reserve(int bytes)
    {
        if (Buffer.Length < bytes)
        {
            Buffer = GC.AllocateUninitializedArray<byte>(bytes + ReceiveBytes, pinned: true);
        }
    }

    public byte[] Rent(int bytes) => _pool.Rent(bytes);

    public void Return(byte[] buffer) => _pool.Return(buffer);

    /// <summary>Has the connection's output sent at the end of the turn.</summary>
    public void FlushLater(Connection connection) => _dirty.Add(connection);

    public void FlushAll()
    {
        // A flush that fails may close connections but never makes one dirty.
        foreach (var connection in CollectionsMarshal.AsSpan(_dirty))
        {
            connection.Flush();
        }

        _dirty.Clear();
    }

    /// <summary>
    /// Waits for at most so long and serves what is ready; <paramref name="between"/> is called after each. True: a command waits.
    /// </summary>
    public bool Turn(long nanoseconds, Action between)
    {
        var count = ClientNative.Wait(_epoll, _events, Math.Max(nanoseconds, 0));
        Now = MonotonicClock.Now;
        var commands = false;
        for (var i = 0; i < count; i++)
        {
            var key = _events[i].Data;
            if (key == CommandKey)
            {
                commands = true;
                continue;
            }

            // A connection that was closed and begun anew in this turn has another key.
            var connection = _connections[(uint)key];
            if (connection.Key == key)
            {
                connection.OnReady(_events[i].Events);
                between();
            }
        }

        return commands;
    }
}
