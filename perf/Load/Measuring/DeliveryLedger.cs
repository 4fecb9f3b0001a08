using FastPush.Load.Clients;
using FastPush.Load.Control;

namespace FastPush.Load.Measuring;

/// <summary>
/// What a process has sent and received: sequence numbers of every publisher and destination, what each subscriber has seen of
/// them, and the latencies of the messages that were due in the present window.
/// </summary>
internal sealed class DeliveryLedger
{
    private readonly Plan _plan;
    private readonly LoadOptions _options;
    private readonly SequenceTrack[] _tracks;
    private readonly uint[] _sent;
    private readonly bool[] _counts;
    private long _dueFrom = long.MaxValue;
    private long _dueBefore = long.MaxValue;
    private Histogram _latency = new();

    public DeliveryLedger(LoadOptions options, Plan plan)
    {
        _options = options;
        _plan = plan;
        _tracks = new SequenceTrack[plan.Users * plan.Slots * plan.Tracked];
        _sent = new uint[plan.Destinations * plan.Tracked];
        _counts = new bool[plan.Users];
    }

    /// <summary>Messages that came for the first time, all in all.</summary>
    public long Received { get; private set; }

    /// <summary>Those of them that came in the window.</summary>
    public long ReceivedInWindow { get; private set; }

    /// <summary>Receives of the subscribers in the window that brought something, and the bytes they brought.</summary>
    public long ReceivesInWindow { get; private set; }

    public long BytesInWindow { get; private set; }

    public long Sent { get; private set; }

    /// <summary>Those of them that were due in the window.</summary>
    public long SentInWindow { get; private set; }

    /// <summary>Deliveries that this process's own publishes are owed by its own subscribers.</summary>
    public long Owed { get; private set; }

    public long Duplicated { get; private set; }

    public long OutOfOrder { get; private set; }

    public long Misrouted { get; private set; }

    public long Malformed { get; private set; }

    /// <summary>Latencies in ns of the windows so far, with the present one.</summary>
    public Dictionary<int, Histogram> Latencies { get; } = [];

    /// <summary>Begins to count what is due from then to then.</summary>
    public void OpenWindow(int number, long from, long before)
    {
        _dueFrom = from;
        _dueBefore = before;
        ReceivedInWindow = ReceivesInWindow = BytesInWindow = SentInWindow = 0;
        Latencies[number] = _latency = new Histogram();
    }

    /// <summary>Counts no message as of the window that is due later.</summary>
    public void CloseWindow(long before) => _dueBefore = Math.Min(_dueBefore, before);

    /// <summary>Whether a user's losses count: it was there from the start.</summary>
    public void CountUser(int user) => _counts[user] = true;

    /// <summary>Writes the payload of the next message of a publisher to a destination.</summary>
    public void Stamp(Span<byte> payload, int place, int publisher, long due)
    {
        var number = _sent[(place * _plan.Tracked) + publisher]++;
        new Mark(due, _plan.Number(place), (ushort)publisher, number).Write(payload);
        Sent++;
        Owed += _plan.Members(place);
        if (due >= _dueFrom && due < _dueBefore)
        {
            SentInWindow++;
        }
    }

    /// <summary>Counts a subscriber's receive, before its messages are taken.</summary>
    public void CountReceive(int bytes, long now)
    {
        if (now >= _dueFrom && now < _dueBefore)
        {
            ReceivesInWindow++;
            BytesInWindow += bytes;
        }
    }

    /// <summary>Takes a message in. <paramref name="slot"/> is -1 when the protocol does not say which subscription it was for.</summary>
    public void Take(int user, int slot, ReadOnlySpan<byte> payload, long now)
    {
        if (payload.Length == _options.Size + 2 && payload[0] == '"')
        {
            payload = payload[1..^1]; // It was published as a JSON string.
        }

        if (payload.Length != _options.Size || !Mark.TryRead(payload, out var mark))
        {
            Malformed++;
            return;
        }

        for (var i = 0; slot < 0 && i < _plan.Slots; i++)
        {
            slot = _plan.Number(_plan.Place(user, i)) == mark.Destination ? i : slot;
        }

        if ((uint)slot >= _plan.Slots || mark.Publisher >= _plan.Tracked || _plan.Number(_plan.Place(user, slot)) != mark.Destination)
        {
            Misrouted++;
            return;
        }

        switch (_tracks[(((user * _plan.Slots) + slot) * _plan.Tracked) + mark.Publisher].Take(mark.Sequence))
        {
            case Arrival.Duplicate:
                Duplicated++;
                return;
            case Arrival.OutOfOrder:
                OutOfOrder++;
                break;
            default:
                break;
        }

        Received++;
        if (now >= _dueFrom && now < _dueBefore)
        {
            ReceivedInWindow++;
        }

        if (mark.Due >= _dueFrom && mark.Due < _dueBefore)
        {
            _latency.Add(now - mark.Due);
        }
    }

    /// <summary>The last numbers of this process's publishers, for subscribers in other processes.</summary>
    public IReadOnlyList<uint> SentNumbers => _sent;

    /// <summary>Takes over the numbers of the process that publishes the shared topics.</summary>
    public void Expect(ReadOnlySpan<uint> sent) => sent.CopyTo(_sent);

    /// <summary>Messages that subscribers have not got. Exact once nothing is on its way any more.</summary>
    public long Lost()
    {
        long lost = 0;
        for (var user = 0; user < _plan.Users; user++)
        {
            for (var slot = 0; _counts[user] && slot < _plan.Slots; slot++)
            {
                var sent = _plan.Place(user, slot) * _plan.Tracked;
                var track = ((user * _plan.Slots) + slot) * _plan.Tracked;
                for (var publisher = 0; publisher < _plan.Tracked; publisher++)
                {
                    lost += _tracks[track + publisher].Lost(_sent[sent + publisher]);
                }
            }
        }

        return lost;
    }
}
