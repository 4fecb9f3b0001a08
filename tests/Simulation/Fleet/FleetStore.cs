using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// One process's connection to the modelled Redis: calls are done in the order in which they were made, may be late, may fail before or
/// after they were done, and are cut off when the connection breaks. A call that waits longer than its timeout fails, and is done all the
/// same if it was on its way.
/// </summary>
internal sealed class FleetStore : IScriptStore
{
    private const int ProbeMs = 500;

    private readonly FleetWorld _world;
    private readonly FleetNode _node;
    private readonly List<Call> _backlog = [];
    private readonly List<Call> _sent = [];
    private readonly ITimer _probing;
    private long _lastArrival;
    private long _lastAnswer;
    private int _connection;
    private bool _isConnected = true;
    private bool _isDown;
    private long _sureGeneration = -1;
    private long _unsureUntilMs;
    private long _since;
    private long _toldUnsureMs;

    public FleetStore(FleetWorld world, FleetNode node)
    {
        _world = world;
        _node = node;
        var period = TimeSpan.FromMilliseconds(ProbeMs);
        _probing = node.Time.CreateTimer(_ => _ = ProbeAsync(), null, TimeSpan.FromMilliseconds(1), period);
    }

    public event Action? Up;

    public bool IsUp { get; private set; }

    public long Generation { get; private set; }

    public long UnsureUntilMs => _sureGeneration == Generation ? _unsureUntilMs : long.MaxValue;

    public int CallTimeoutMs => 1_000;

    public string Reason => "Redis is away";

    public bool IsCluster => false;

    public int SlotOf(RedisKey key) => 0;

    public Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values) =>
        Ask(() => _world.Eval(_node, script, keys, values));

    public async Task<long> IncrementAsync(string key, long by) => (long)await Ask(() => RedisResult.Create(_world.Redis.Add(by)));

    public IEnumerable<string> Keys(string prefix) =>
        _isConnected && _world.IsRedisUp ? _world.Redis.InFlightKeys() : throw Failure("the scan was cut off");

    /// <summary>The connection breaks: of what is under way some is done still, and no answer comes.</summary>
    public void Break()
    {
        if (!_isConnected)
        {
            return;
        }

        _isConnected = false;
        _connection++;
        var done = _world.Random.Next(_sent.Count + 1);
        for (var i = done; i < _sent.Count; i++)
        {
            _sent[i].IsLost = true;
        }

        var cut = _sent.ToList();
        _sent.Clear();
        _node.Run(() =>
        {
            Generation++;
            cut.ForEach(call => call.Fail(Failure("the connection broke")));
        });
        ConnectLater();
    }

    /// <summary>The process is gone.</summary>
    public void Die()
    {
        _probing.Dispose();
        var done = _world.Random.Next(_sent.Count + 1);
        for (var i = done; i < _sent.Count; i++)
        {
            _sent[i].IsLost = true;
        }
    }

    private static StoreUnavailableException Failure(string what) => new(what);

    private void ConnectLater() => _world.After(_world.Random.Next(5, 400), () =>
    {
        if (!_world.IsRedisUp)
        {
            ConnectLater();
            return;
        }

        _isConnected = true;
        _lastArrival = _lastAnswer = _world.NowMs;
        var waiting = _backlog.ToList();
        _backlog.Clear();
        waiting.ForEach(Send);
    });

    private Task<RedisResult> Ask(Func<RedisResult> work)
    {
        if (_world.Faults.Happens(_world.Faults.Refused))
        {
            return Task.FromException<RedisResult>(Failure("not asked again yet"));
        }

        var call = new Call(work, _world.Faults.Happens(_world.Faults.Failed));
        call.Patience = _node.Time.CreateTimer(
            _ => call.Fail(Failure("no answer in time")), null, TimeSpan.FromMilliseconds(CallTimeoutMs), Timeout.InfiniteTimeSpan);
        if (_isConnected)
        {
            Send(call);
        }
        else
        {
            _backlog.Add(call);
        }

        return call.Answer.Task;
    }

    private void Send(Call call)
    {
        _sent.Add(call);
        var connection = _connection;
        _lastArrival = Math.Max(_lastArrival, _world.NowMs + _world.Faults.Latency());
        _world.At(_lastArrival, () =>
        {
            if (call.IsLost || !_world.IsRedisUp)
            {
                return;
            }

            var (result, failure) = Do(call);
            if (connection != _connection || _node.IsOver)
            {
                return;
            }

            _lastAnswer = Math.Max(_lastAnswer, _world.NowMs + _world.Faults.Latency());
            _world.At(_lastAnswer, () =>
            {
                if (connection == _connection)
                {
                    _sent.Remove(call);
                    _node.Run(() => call.End(result, failure));
                }
            });
        });
    }

    private static (RedisResult? Result, Exception? Failure) Do(Call call)
    {
        try
        {
            return call.Fails ? (null, Failure("Redis is out of memory (maxmemory) and refuses writes")) : (call.Work(), null);
        }
        catch (StoreUnavailableException e)
        {
            return (null, e); // A command was refused in the middle of the script.
        }
    }

    private async Task ProbeAsync()
    {
        try
        {
            var generation = Generation;
            var since = (long)await Ask(() => _world.RefusedCommand is { } command
                ? throw Failure($"no right to {command}")
                : RedisResult.Create(_world.Redis.Probe()));
            _unsureUntilMs = since == _since ? _unsureUntilMs : Math.Max(since, _node.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            _since = since;
            _sureGeneration = generation;
            _isDown = false;
            if (!IsUp || _toldUnsureMs != _unsureUntilMs)
            {
                IsUp = true;
                _toldUnsureMs = _unsureUntilMs;
                Up?.Invoke();
            }
        }
        catch (StoreUnavailableException)
        {
            IsUp = false;
            if (!_isDown)
            {
                _isDown = true;
                Generation++;
            }
        }
    }

    private sealed class Call(Func<RedisResult> work, bool fails)
    {
        public Func<RedisResult> Work { get; } = work;

        public bool Fails { get; } = fails;

        public TaskCompletionSource<RedisResult> Answer { get; } = new();

        public ITimer? Patience { get; set; }

        public bool IsLost { get; set; }

        public void End(RedisResult? result, Exception? failure)
        {
            if (result is null)
            {
                Fail(failure!);
                return;
            }

            Patience!.Dispose();
            Answer.TrySetResult(result);
        }

        public void Fail(Exception failure)
        {
            Patience!.Dispose();
            Answer.TrySetException(failure);
        }
    }
}
