using System.Globalization;
using System.Text;
using FastPush.Load.Control;
using FastPush.Load.Engine;
using FastPush.Load.Measuring;

namespace FastPush.Load.Clients;

/// <summary>
/// A load process: its connections on one epoll thread, told what to do by lines on its standard input (see <see cref="Obey"/>) and
/// telling how it goes on its standard output. It ends with its input.
/// </summary>
internal sealed class Worker : IConnectionEvents
{
    private const int CommandPipe = 0;
    private const int ReplyPipe = 1;
    private const long ProgressNanoseconds = 100_000_000;
    private const long IdleNanoseconds = 20_000_000;

    private readonly LoadOptions _options;
    private readonly Plan _plan;
    private readonly ClientLoop _loop = new();
    private readonly DeliveryLedger _ledger;
    private readonly Publishing _publishing;
    private readonly Connection[] _connections;
    private readonly ConnectPace _pace;
    private readonly StringBuilder _input = new();
    private readonly Action _publishDue;
    private bool _isOver;
    private bool _isConnecting;
    private long _nextProgress;
    private long _nextHeartBeat;
    private int _heartBeatTurn;
    private long _nextSlowRead;
    private int _dropped;
    private int _slowDropped;
    private long _heartBeats;
    private string? _firstError;

    public Worker(LoadOptions options, int process, Credentials credentials)
    {
        _options = options;
        _plan = new Plan(options, process);
        _ledger = new DeliveryLedger(options, _plan);
        _connections = new Connection[_plan.Users + _plan.Publishers];
        for (var i = 0; i < _connections.Length; i++)
        {
            _connections[i] = i < _plan.Users ? NewSubscriber(i, credentials) : NewPublisher(i, credentials);
        }

        _loop.Own(_connections);
        _pace = new ConnectPace(options, _connections, _loop, process);
        _publishing = new Publishing(options, _plan, _ledger, _connections[_plan.Users..], _loop);
        _publishDue = PublishDue;
    }

    public void Run()
    {
        ClientNative.SharpenTimers();
        _loop.WatchCommands(CommandPipe);
        while (!_isOver)
        {
            _loop.Now = MonotonicClock.Now;
            Advance();
            _loop.FlushAll();
            if (_loop.Turn(Until() - MonotonicClock.Now, _publishDue))
            {
                ReadCommands();
            }
        }
    }

    public void OnReady(Connection connection)
    {
        _pace.Done(connection);
        if (connection.Index < _plan.Users && !connection.IsSlow)
        {
            _ledger.CountUser(connection.Index);
        }
    }

    public void OnFailed(Connection connection, string reason)
    {
        if (connection.IsReady && connection.IsSlow)
        {
            _slowDropped++;
            return;
        }

        _firstError ??= $"connection {connection.Index}: {reason}";
        if (connection.IsReady)
        {
            _dropped++;
        }
        else
        {
            _pace.Failed();
        }
    }

    public void OnMessage(Connection connection, int slot, ReadOnlySpan<byte> payload)
    {
        if (!connection.IsSlow)
        {
            _ledger.Take(connection.Index, slot, payload, _loop.Now);
        }
    }

    public void OnHeartBeat() => _heartBeats++;

    public void OnReceived(Connection connection, int bytes)
    {
        if (connection.Index < _plan.Users && !connection.IsSlow)
        {
            _ledger.CountReceive(bytes, _loop.Now);
        }
    }

    private Connection NewSubscriber(int user, Credentials credentials)
    {
        var destinations = new byte[_plan.Slots][];
        for (var slot = 0; slot < _plan.Slots; slot++)
        {
            destinations[slot] = _plan.ListenTo(user, slot);
        }

        var isSlow = _plan.IsSlow(user);
        return _options.SubscribeBySse
            ? new EventStreamConnection(_loop, this, _plan.Target, user, credentials, destinations) { IsSlow = isSlow }
            : new StompConnection(_loop, this, _plan.Target, user, _options, credentials, destinations) { IsSlow = isSlow };
    }

    private Connection NewPublisher(int index, Credentials credentials) => _options.PublishByHttp
        ? new HttpPublisher(_loop, this, _plan.PublishTarget, index, credentials)
        : new StompConnection(_loop, this, _plan.PublishTarget, index, _options, credentials, []);

    private void Advance()
    {
        if (_isConnecting)
        {
            _pace.Begin();
            if (_pace.IsDone)
            {
                _isConnecting = false;
                Reply("connected");
            }
        }

        _publishing.Send();
        SendHeartBeats();
        ReadSlowly();
        if (_loop.Now >= _nextProgress)
        {
            _nextProgress = _loop.Now + ProgressNanoseconds;
            SendProgress();
        }
    }

    // Between two connections' events: what is due meanwhile must not wait for the whole turn.
    private void PublishDue()
    {
        if (_loop.Now >= _publishing.NextDue)
        {
            _publishing.Send();
            _loop.FlushAll();
        }
    }

    private long Until()
    {
        var until = Math.Min(_loop.Now + IdleNanoseconds, _publishing.NextDue);
        return _isConnecting ? Math.Min(until, _pace.NextBegin) : until;
    }

    // Spread over the period, as those of clients that came one after the other are.
    private void SendHeartBeats()
    {
        if (_options.HeartBeatMs == 0)
        {
            return;
        }

        var step = (_options.HeartBeatMs * 1_000_000L / _connections.Length) + 1;
        for (var i = 0; _nextHeartBeat <= _loop.Now && i < _connections.Length; i++, _nextHeartBeat += step)
        {
            if (_connections[_heartBeatTurn++ % _connections.Length] is StompConnection { IsReady: true } connection)
            {
                connection.SendHeartBeat();
            }
        }

        _nextHeartBeat = Math.Max(_nextHeartBeat, _loop.Now);
    }

    private void ReadSlowly()
    {
        if (_options.SlowBytesPerSecond == 0 || _options.SlowEvery == 0 || _loop.Now < _nextSlowRead)
        {
            return;
        }

        _nextSlowRead = _loop.Now + ProgressNanoseconds;
        foreach (var connection in _connections)
        {
            if (connection is { IsSlow: true, IsReady: true })
            {
                connection.Receive(Math.Max(_options.SlowBytesPerSecond / 10, 1));
            }
        }
    }

    private void ReadCommands()
    {
        Span<byte> bytes = stackalloc byte[4096];
        var count = ClientNative.ReadPipe(CommandPipe, bytes);
        if (count <= 0)
        {
            _isOver = true;
            return;
        }

        _input.Append(Encoding.ASCII.GetString(bytes[..count]));
        for (var text = _input.ToString(); text.Contains('\n', StringComparison.Ordinal); text = _input.ToString())
        {
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            _input.Remove(0, end + 1);
            Obey(text[..end].Split(' '));
        }
    }

    private void Obey(string[] words)
    {
        switch (words[0])
        {
            case "connect":
                Connect(_connections.Length);
                break;
            case "run": // window, begin, count from, count until (all ns), messages a second
                _ledger.OpenWindow(int.Parse(words[1], CultureInfo.InvariantCulture), Long(words[3]), Long(words[4]));
                _publishing.Run(Long(words[2]), Long(words[4]), double.Parse(words[5], CultureInfo.InvariantCulture));
                break;
            case "stop":
                _ledger.CloseWindow(_loop.Now);
                _publishing.Stop(_loop.Now);
                Reply("stopped " + (_plan.Pattern == Pattern.Shared ? string.Join(' ', _ledger.SentNumbers) : ""));
                break;
            case "expect": // the numbers that "stopped" told
                if (_plan.Pattern == Pattern.Shared)
                {
                    _ledger.Expect([.. words[1..].Where(w => w.Length > 0).Select(w => uint.Parse(w, CultureInfo.InvariantCulture))]);
                }

                break;
            case "lost":
                Reply(string.Create(CultureInfo.InvariantCulture, $"lost {_ledger.Lost()} {_ledger.Received}"));
                break;
            case "resume":
                foreach (var connection in _connections)
                {
                    connection.Resume();
                }

                break;
            case "storm":
                for (var i = 0; i < _plan.Users; i++)
                {
                    _connections[i].Close();
                }

                Connect(_plan.Users);
                break;
            case "report":
                Reply("report " + Report().ToLine());
                break;
            default:
                throw new IOException($"unknown command {words[0]}");
        }
    }

    private void Connect(int count)
    {
        _loop.Now = MonotonicClock.Now;
        _nextHeartBeat = _loop.Now;
        _pace.Restart(count);
        _isConnecting = true;
    }

    private void SendProgress()
    {
        Reply(string.Create(
            CultureInfo.InvariantCulture, $"progress {_pace.Ready} {_pace.FailedCount} {_ledger.Received}"));
    }

    private WorkerReport Report() => new()
    {
        Ready = _pace.Ready,
        ConnectFailed = _pace.FailedCount,
        Dropped = _dropped,
        SlowDropped = _slowDropped,
        ConnectFrom = _pace.From,
        ConnectUntil = _pace.LastDone,
        Handshakes = _pace.Handshakes.Export(),
        Received = _ledger.Received,
        ReceivedInWindow = _ledger.ReceivedInWindow,
        ReceivesInWindow = _ledger.ReceivesInWindow,
        BytesInWindow = _ledger.BytesInWindow,
        Sent = _ledger.Sent,
        SentInWindow = _ledger.SentInWindow,
        Lost = _ledger.Lost(),
        Duplicated = _ledger.Duplicated,
        OutOfOrder = _ledger.OutOfOrder,
        Misrouted = _ledger.Misrouted,
        Malformed = _ledger.Malformed,
        Unsent = _publishing.Unsent,
        Stalls = _publishing.Stalls,
        PublishRefused = _connections.OfType<HttpPublisher>().Sum(p => p.Refused),
        HeartBeats = _heartBeats,
        Lag = _publishing.Lag.Export(),
        Latencies = _ledger.Latencies.ToDictionary(l => l.Key, l => l.Value.Export()),
        FirstError = _firstError ?? _connections.OfType<HttpPublisher>().Select(p => p.Refusal).FirstOrDefault(r => r is not null),
    };

    private static long Long(string word) => long.Parse(word, CultureInfo.InvariantCulture);

    private void Reply(string line)
    {
        if (!ClientNative.WritePipe(ReplyPipe, Encoding.UTF8.GetBytes(line + "\n")))
        {
            _isOver = true;
        }
    }
}
