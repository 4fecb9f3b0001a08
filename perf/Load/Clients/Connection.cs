using System.Text;
using FastPush.Gateway.Engine;
using FastPush.Load.Control;
using FastPush.Load.Engine;

namespace FastPush.Load.Clients;

/// <summary>What a connection tells the worker it belongs to.</summary>
internal interface IConnectionEvents
{
    /// <summary>Logged in, and subscribed if it is to.</summary>
    void OnReady(Connection connection);

    /// <summary>Over, without having been told to close.</summary>
    void OnFailed(Connection connection, string reason);

    /// <summary>A message came. <paramref name="slot"/> is the subscription, -1 when the protocol does not say.</summary>
    void OnMessage(Connection connection, int slot, ReadOnlySpan<byte> payload);

    void OnHeartBeat();

    /// <summary>A receive brought so many bytes; what they hold is told afterwards.</summary>
    void OnReceived(Connection connection, int bytes);
}

/// <summary>One TCP connection from its start to its end, with input and output that hold memory only while there is some.</summary>
internal abstract class Connection(ClientLoop loop, IConnectionEvents events, Target target, int index)
{
    private const uint Reading = Native.EpollIn | Native.EpollRdHup;
    private const int ReasonBytesMax = 160;

    private int _fd = -1;
    private uint _generation;
    private byte[]? _in;
    private int _inLength;
    private int _need;
    private byte[]? _out;
    private int _outStart;
    private int _outEnd;
    private bool _isDirty;
    private bool _wantsOut;
    private bool _isConnecting;
    private bool _isPaused;

    /// <summary>Its place among the process's connections, and which of its lives this is.</summary>
    public ulong Key => ((ulong)_generation << 32) | (uint)index;

    public int Index => index;

    public bool IsOpen => _fd >= 0;

    public bool IsReady { get; private set; }

    /// <summary>Whether it reads its messages.</summary>
    public bool IsSlow { get; init; }

    /// <summary>When it was begun.</summary>
    public long Started { get; private set; }

    public int PendingBytes => _outEnd - _outStart;

    protected ClientLoop Loop => loop;

    protected IConnectionEvents Events => events;

    protected Target Target => target;

    public void Start(uint source)
    {
        _generation++;
        Started = loop.Now;
        _fd = ClientNative.OpenSocket();
        _isConnecting = true;
        if (_fd < 0)
        {
            Fail($"socket: errno {Native.LastError}");
            return;
        }

        if (IsSlow)
        {
            ClientNative.SetReceiveBuffer(_fd, 4096);
        }

        if (source != 0 && !ClientNative.BindSource(_fd, source))
        {
            Fail($"bind: errno {Native.LastError}");
        }
        else if (!ClientNative.Connect(_fd, target.Address, target.Port) && Native.LastError is not ClientNative.Einprogress)
        {
            Fail($"connect: errno {Native.LastError}");
        }
        else if (!loop.Add(this, _fd, Native.EpollOut))
        {
            Fail("epoll_ctl failed");
        }
    }

    /// <summary>Ends it without a word to anybody.</summary>
    public void Close()
    {
        if (_fd >= 0)
        {
            _ = Native.Close(_fd);
        }

        _fd = -1;
        _generation++;
        IsReady = _isConnecting = _wantsOut = _isPaused = false;
        _need = 0;
        ReturnInput();
        ReturnOutput();
        OnClosed();
    }

    public void OnReady(uint ready)
    {
        if (_isConnecting)
        {
            Open();
            return;
        }

        if ((ready & Native.EpollOut) != 0)
        {
            Flush();
        }

        if (_fd < 0 || (ready & ~(uint)Native.EpollOut) == 0)
        {
            return;
        }

        if (_isPaused)
        {
            Fail("closed by server");
            return;
        }

        Receive(int.MaxValue);
    }

    /// <summary>Reads at most so many bytes of what is there.</summary>
    public void Receive(int most)
    {
        loop.Reserve(Math.Max(_need, _inLength) + (64 << 10));
        var buffer = loop.Buffer;
        var received = Native.Receive(_fd, buffer.AsSpan(_inLength, Math.Min(most, buffer.Length - _inLength)), 0);
        loop.Now = MonotonicClock.Now;
        if (received <= 0)
        {
            if (received == 0)
            {
                Fail("closed by server");
            }
            else if (Native.LastError is not (Native.Eagain or Native.Eintr))
            {
                Fail($"recv: errno {Native.LastError}");
            }

            return;
        }

        events.OnReceived(this, received);
        var have = _inLength;
        _in.AsSpan(0, have).CopyTo(buffer);
        ReturnInput();
        _need = 0;
        var bytes = buffer.AsSpan(0, have + received);
        var used = Take(bytes);
        if (_fd >= 0 && used < bytes.Length)
        {
            _inLength = bytes.Length - used;
            _in = loop.Rent(_inLength);
            bytes[used..].CopyTo(_in);
        }
    }

    /// <summary>Sends what is pending; what the socket does not take waits for it.</summary>
    public void Flush()
    {
        _isDirty = false;
        if (_fd < 0 || _isConnecting || PendingBytes == 0)
        {
            return;
        }

        var sent = Native.Send(_fd, _out.AsSpan(_outStart, PendingBytes));
        if (sent < 0)
        {
            if (Native.LastError is not (Native.Eagain or Native.Eintr or Native.Enobufs))
            {
                Fail($"send: errno {Native.LastError}");
                return;
            }

            sent = 0;
        }

        _outStart += sent;
        if (PendingBytes == 0)
        {
            ReturnOutput();
        }

        if (_wantsOut != PendingBytes > 0)
        {
            _wantsOut = !_wantsOut;
            WatchAgain();
        }
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>Takes the first bytes of its input and returns how many; the rest comes again with more behind it.</summary>
    protected abstract int Take(ReadOnlySpan<byte> bytes);

    /// <summary>The TCP connection stands.</summary>
    protected abstract void OnOpen();

    protected virtual void OnClosed()
    {
    }

    /// <summary>A stretch of the output of that length, to be filled at once.</summary>
    protected Span<byte> Room(int bytes)
    {
        if (_out is null || _outEnd + bytes > _out.Length)
        {
            var larger = loop.Rent(Math.Max(PendingBytes + bytes, 2 * PendingBytes));
            var pending = PendingBytes;
            _out.AsSpan(_outStart, pending).CopyTo(larger);
            ReturnOutput();
            _out = larger;
            _outEnd = pending;
        }

        if (!_isDirty)
        {
            _isDirty = true;
            loop.FlushLater(this);
        }

        _outEnd += bytes;
        return _out.AsSpan(_outEnd - bytes, bytes);
    }

    /// <summary>Gives back the end of the last <see cref="Room"/>.</summary>
    protected void Unuse(int bytes) => _outEnd -= bytes;

    /// <summary>Says how long the input has to be before <see cref="Take"/> can take any of it.</summary>
    protected void Need(int bytes) => _need = bytes;

    protected void BecomeReady()
    {
        IsReady = true;
        if (IsSlow)
        {
            _isPaused = true;
            WatchAgain();
        }

        events.OnReady(this);
    }

    /// <summary>Has a slow one read all there is: a server's close stands behind what it had not taken.</summary>
    public void Resume()
    {
        if (_isPaused)
        {
            _isPaused = false;
            WatchAgain();
        }
    }

    public void Fail(string reason, ReadOnlySpan<byte> detail = default)
    {
        if (!detail.IsEmpty)
        {
            reason += " " + Encoding.UTF8.GetString(detail[..Math.Min(detail.Length, ReasonBytesMax)]);
        }

        // The events look at what it was.
        events.OnFailed(this, reason);
        Close();
    }

    private void Open()
    {
        var error = ClientNative.SocketErrorOf(_fd);
        if (error != 0)
        {
            Fail($"connect: errno {error}");
            return;
        }

        _isConnecting = false;
        WatchAgain();
        OnOpen();
    }

    private void WatchAgain()
    {
        var reading = _isPaused ? 0 : Reading;
        loop.Modify(this, _fd, _wantsOut ? reading | Native.EpollOut : reading);
    }

    private void ReturnInput()
    {
        if (_in is not null)
        {
            loop.Return(_in);
            _in = null;
        }

        _inLength = 0;
    }

    private void ReturnOutput()
    {
        if (_out is not null)
        {
            loop.Return(_out);
            _out = null;
        }

        _outStart = _outEnd = 0;
    }
}
