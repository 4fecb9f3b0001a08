using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Measuring;

namespace FastPush.Load.Clients;

/// <summary>
/// When which publisher sends what. Open loop: message k is due at a fixed time, carries that time, and goes as soon as it can.
/// Closed loop: a message goes when there are fewer than the window's on their way.
/// </summary>
internal sealed class Publishing(LoadOptions options, Plan plan, DeliveryLedger ledger, Connection[] publishers, ClientLoop loop)
{
    private const int BurstMax = 4096;
    private const int PendingBytesMax = 1 << 20;
    private const long RetryNanoseconds = 200_000;
    private const long StallNanoseconds = 2_000_000_000;

    private readonly byte[] _payload = NewPayload(options.Size);
    private uint _random = 2463534242;
    private double _rate;
    private long _begin;
    private long _end;
    private long _next;
    private int _turn;
    private long _writtenOff;
    private long _seen;
    private long _seenAt;

    /// <summary>When there is something to do again; <see cref="long.MaxValue"/> when only an event can bring it.</summary>
    public long NextDue { get; private set; } = long.MaxValue;

    public bool IsRunning { get; private set; }

    /// <summary>How late messages left, in ns.</summary>
    public Histogram Lag { get; } = new();

    /// <summary>How often the closed loop saw nothing for two seconds and opened its window again.</summary>
    public long Stalls { get; private set; }

    /// <summary>Messages that were due and could not be sent before the end.</summary>
    public long Unsent { get; private set; }

    /// <summary>Sends from then to then; rate in messages a second over all processes, 0 for the closed loop.</summary>
    public void Run(long begin, long end, double rate)
    {
        (_begin, _end, _rate, _next) = (begin, end, rate, 0);
        _seenAt = begin;
        IsRunning = publishers.Length > 0;
        NextDue = IsRunning ? begin : long.MaxValue;
    }

    /// <summary>Ends it: what is due until then still goes, if the publishers take it.</summary>
    public void Stop(long now)
    {
        if (!IsRunning)
        {
            return;
        }

        _end = Math.Min(_end, now);
        Send();
        IsRunning = false;
        NextDue = long.MaxValue;
        if (_rate > 0)
        {
            for (; Due(_next) < _end; _next++)
            {
                Unsent++;
            }
        }
    }

    public void Send()
    {
        if (!IsRunning || loop.Now < _begin)
        {
            return;
        }

        if (_rate > 0)
        {
            SendDue();
        }
        else
        {
            SendWindow();
        }
    }

    private void SendDue()
    {
        for (var i = 0; i < BurstMax; i++)
        {
            var due = Due(_next);
            if (due >= _end)
            {
                NextDue = long.MaxValue;
                return;
            }

            if (due > loop.Now)
            {
                NextDue = due;
                return;
            }

            var publisher = FreePublisher();
            if (publisher < 0)
            {
                NextDue = loop.Now + RetryNanoseconds;
                return;
            }

            Lag.Add(loop.Now - due);
            Emit(publisher, due);
        }

        NextDue = loop.Now;
    }

    private void SendWindow()
    {
        var seen = ledger.Received + _writtenOff;
        if (seen != _seen)
        {
            (_seen, _seenAt) = (seen, loop.Now);
        }
        else if (loop.Now - _seenAt > StallNanoseconds)
        {
            Stalls++;
            _writtenOff += ledger.Owed - seen;
            seen = ledger.Owed;
            _seenAt = loop.Now;
        }

        NextDue = loop.Now + (StallNanoseconds / 10);
        while (loop.Now < _end)
        {
            // The window is in messages; one to a destination with more members owes more deliveries.
            var place = PlaceOf(_next);
            var publisher = ledger.Owed - seen < (long)options.Window * Math.Max(plan.Members(place), 1) ? FreePublisher() : -1;
            if (publisher < 0)
            {
                return;
            }

            Emit(publisher, MonotonicClock.Now);
        }
    }

    private void Emit(int publisher, long due)
    {
        var place = PlaceOf(_next);
        _next++;
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        ledger.Stamp(_payload, place, publisher, due);
        if (publishers[publisher] is StompConnection stomp)
        {
            stomp.Publish(plan.SendTo(place), _payload);
        }
        else
        {
            ((HttpPublisher)publishers[publisher]).Publish(plan.SendTo(place), _payload);
        }
    }

    private long Due(long message) =>
        _begin + (long)(((message * plan.PublishingProcesses) + plan.PublishingPlace) * 1e9 / _rate);

    private int FreePublisher()
    {
        for (var i = 0; i < publishers.Length; i++)
        {
            var number = _turn;
            _turn = _turn + 1 == publishers.Length ? 0 : _turn + 1;
            var publisher = publishers[number];
            if (publisher.IsReady && publisher.PendingBytes < PendingBytesMax && publisher is not HttpPublisher { IsBusy: true })
            {
                return number;
            }
        }

        return -1;
    }

    private int PlaceOf(long message)
    {
        if (plan.Pattern == Pattern.Shared)
        {
            return (int)(message % plan.Destinations);
        }

        // With groups every other message goes to one of those.
        var first = plan.Pattern == Pattern.Groups && (message & 1) != 0 ? plan.Users : 0;
        var count = first > 0 || plan.Pattern != Pattern.Groups ? plan.Destinations - first : plan.Users;
        return first + (int)(((ulong)_random * (ulong)count) >> 32);
    }

    private static byte[] NewPayload(int size)
    {
        var payload = new byte[size];
        payload.AsSpan().Fill((byte)'x');
        return payload;
    }
}
