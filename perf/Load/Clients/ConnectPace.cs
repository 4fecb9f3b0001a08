using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Measuring;

namespace FastPush.Load.Clients;

/// <summary>Begins connections at their pace, and knows how they went.</summary>
internal sealed class ConnectPace(LoadOptions options, Connection[] connections, ClientLoop loop, int process)
{
    private const int BurstMax = 64;
    private const uint FirstSource = 0x7f000002;

    // Each process begins its share.
    private readonly double _perNanosecond = options.ConnectRate / options.ProcessCount / 1e9;
    private readonly long _timeout = MonotonicClock.FromSeconds(options.ConnectTimeoutSeconds);
    private int _count;
    private int _next;
    private long _nextSweep;
    private int _lifeReady;
    private int _lifeFailed;

    /// <summary>When the first was begun, and the last one was ready (ns).</summary>
    public long From { get; private set; }

    public long LastDone { get; private set; }

    /// <summary>Those ready and those failed since the last <see cref="Restart"/>.</summary>
    public int Ready => _lifeReady;

    public int FailedCount { get; private set; }

    public int Pending => _count - _lifeReady - _lifeFailed;

    public bool IsDone => Pending == 0;

    /// <summary>From begin to ready, ns.</summary>
    public Histogram Handshakes { get; private set; } = new();

    /// <summary>When the next may be begun; <see cref="long.MaxValue"/> when one has to end first.</summary>
    public long NextBegin => _next == _count || UnderWay >= options.InFlight ? long.MaxValue : NextDue;

    private int UnderWay => _next - _lifeReady - _lifeFailed;

    private long NextDue => _perNanosecond > 0 ? From + (long)(_next / _perNanosecond) : From;

    /// <summary>Begins the first so many anew. They are closed, or have never been open.</summary>
    public void Restart(int count)
    {
        _count = count;
        _next = _lifeReady = _lifeFailed = 0;
        From = loop.Now;
        Handshakes = new Histogram();
    }

    public void Begin()
    {
        for (var i = 0; i < BurstMax && NextBegin <= loop.Now; i++)
        {
            // Processes begin at different addresses, so that few share one's ports.
            var source = options.Sources == 0 ? 0 : FirstSource + (uint)((_next + (process * 7)) % options.Sources);
            connections[_next++].Start(source);
        }

        if (loop.Now >= _nextSweep)
        {
            _nextSweep = loop.Now + 250_000_000;
            FailOverdue();
        }
    }

    public void Done(Connection connection)
    {
        _lifeReady++;
        LastDone = MonotonicClock.Now;
        Handshakes.Add(LastDone - connection.Started);
    }

    public void Failed()
    {
        _lifeFailed++;
        FailedCount++;
    }

    private void FailOverdue()
    {
        for (var i = 0; i < _next; i++)
        {
            if (connections[i] is { IsOpen: true, IsReady: false } connection && loop.Now - connection.Started > _timeout)
            {
                connection.Fail("not subscribed in time");
            }
        }
    }
}
