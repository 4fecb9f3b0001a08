using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>
/// The connection for everything keyed. Connects in the background and never blocks; each call has a timeout and a circuit breaker; every
/// failure becomes a <see cref="StoreUnavailableException"/> with words for operators. Changes of state are logged once.
/// </summary>
public sealed class RedisStore : IScriptStore, IAsyncDisposable
{
    private const int ReconnectMs = 1_000;

    // The client is given so long to connect again by itself. Sometimes, when a connection broke in the wrong moment, it never does.
    private static readonly TimeSpan s_replaceAfter = TimeSpan.FromSeconds(10);

    private readonly ConfigurationOptions _configuration;
    private readonly RedisStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CircuitBreakerStateProvider _circuit = new();
    private readonly ResiliencePipeline _pipeline;
    private readonly CancellationTokenSource _stopping = new();
    private readonly RedisProbe _probe = new();
    private volatile ConnectionMultiplexer? _connection;
    private Task _probing = Task.CompletedTask;
    private int _state; // 0 = not known, 1 = up, 2 = down
    private int _isDisposed;
    private long _failures;
    private long _generation;
    private long _sureGeneration = -1;
    private long _lastUpAt;

    /// <summary>For a StackExchange.Redis configuration string; throws <see cref="ArgumentException"/> when it cannot be read.</summary>
    public RedisStore(string configuration, RedisStoreOptions options, TimeProvider time, ILogger log)
    {
        _configuration = ConfigurationOptions.Parse(configuration);
        _configuration.AbortOnConnectFail = false;
        _configuration.ConfigurationChannel = "";
        _configuration.TieBreaker = "";
        _configuration.ClientName ??= "fastpush";

        // The client's own policy waits longer with each failure, so the fleet would come back long after a Redis that was away long.
        _configuration.ReconnectRetryPolicy = new LinearRetry(ReconnectMs);
        _options = options;
        _time = time;
        _log = log;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 0.5,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(5),
                BreakDuration = TimeSpan.FromMilliseconds(options.BreakMs),
                StateProvider = _circuit,
                ShouldHandle = new PredicateBuilder().Handle<Exception>(e => RedisFault.IsOutage(e) && !RedisFault.IsRefusal(e)),
            })
            .Build();
    }

    /// <summary>
    /// The last probe was answered: writes are taken and kept, and no command is refused; in a Redis Cluster by every primary.
    /// </summary>
    public bool IsUp => Volatile.Read(ref _state) == 1;

    /// <summary>Why it is not up; for people.</summary>
    public string Reason { get; private set; } = "Redis has not answered yet";

    /// <summary>State of the circuit breaker: closed, open or half-open.</summary>
    public string Circuit => _circuit.CircuitState switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half-open",
        _ => "open",
    };

    /// <inheritdoc/>
    public int CallTimeoutMs => _options.CallTimeoutMs;

    /// <summary>It is a Redis Cluster, so that keys of one script must share a slot.</summary>
    public bool IsCluster => _connection is { } connection
        && connection.GetEndPoints().Any(e => connection.GetServer(e).ServerType == ServerType.Cluster);

    /// <summary>The slot that a key has, or would have, in Redis Cluster; 0 without a connection.</summary>
    public int SlotOf(RedisKey key) => Math.Max(0, _connection?.HashSlot(key) ?? 0);

    /// <summary>Calls that failed because of Redis.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <inheritdoc/>
    public long Generation => Volatile.Read(ref _generation);

    /// <inheritdoc/>
    public long UnsureUntilMs => Volatile.Read(ref _sureGeneration) == Generation ? _probe.UnsureUntilMs : long.MaxValue;

    /// <inheritdoc/>
    public event Action? Up;

    /// <summary>Begins to connect.</summary>
    public void Start() => _probing = ProbeAsync();

    /// <summary>One call.</summary>
    /// <exception cref="StoreUnavailableException">It failed, or did not end in time: it may have been done or not.</exception>
    public async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            return await _pipeline.ExecuteAsync(
                async (work, _) => await work.Once().ConfigureAwait(false), new Work<T>(this, call), _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (RedisFault.IsOutage(e))
        {
            Interlocked.Increment(ref _failures);
            throw RedisFault.Translate(e);
        }
        catch (OperationCanceledException e) when (_stopping.IsCancellationRequested)
        {
            throw new StoreUnavailableException("the node is stopping", e);
        }
    }

    /// <summary>A script. A server that does not know it any more (it was restarted) is given it again.</summary>
    /// <exception cref="StoreUnavailableException">As <see cref="RunAsync{T}"/>.</exception>
    public Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values) => RunAsync(async database =>
    {
        try
        {
            return await database.ScriptEvaluateAsync(script, keys, values).ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await database.ScriptEvaluateAsync(script, keys, values).ConfigureAwait(false);
        }
    });

    /// <inheritdoc/>
    public Task<long> IncrementAsync(string key, long by) => RunAsync(database => database.StringIncrementAsync(key, by));

    /// <inheritdoc/>
    public IEnumerable<string> Keys(string prefix)
    {
        if (_connection is not { } connection)
        {
            throw new StoreUnavailableException("there is no connection to Redis yet");
        }

        try
        {
            var primaries = connection.GetEndPoints().Select(e => connection.GetServer(e)).Where(s => s.IsConnected && !s.IsSlave);
            return [.. primaries.SelectMany(s => s.Keys(pattern: prefix + "*", pageSize: 1000)).Select(key => (string)key!)];
        }
        catch (Exception e) when (RedisFault.IsOutage(e))
        {
            Interlocked.Increment(ref _failures);
            throw RedisFault.Translate(e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _probing;
        if (_connection is { } connection)
        {
            await connection.CloseAsync(allowCommandsToComplete: false);
            connection.Dispose();
        }

        _stopping.Dispose();
    }

    // Also what closes the circuit when there is no traffic.
    private async Task ProbeAsync()
    {
        await Task.Yield();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (_connection is null)
                {
                    _connection = await ConnectAsync();
                    _lastUpAt = _time.GetTimestamp();
                }

                var generation = Generation;
                var (unfit, hasLog) = await _probe.LookAsync(this, _connection, _time);
                _lastUpAt = _time.GetTimestamp();
                Volatile.Write(ref _sureGeneration, generation);
                Judge(_connection, unfit, hasLog);
                if (_probe.HasGoneBack() && IsUp)
                {
                    Up?.Invoke();
                }
            }
            catch (Exception e) when (e is StoreUnavailableException || RedisFault.IsOutage(e))
            {
                BeDown(e is StoreUnavailableException known ? known : RedisFault.Translate(e));
                await LookAgainAsync();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(_options.ProbeMs), _time, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The client asks a server once whether it is a primary; one that was made a primary since has to be asked again.
    private async Task LookAgainAsync()
    {
        try
        {
            if (_connection is { } connection)
            {
                if (_time.GetElapsedTime(_lastUpAt) > s_replaceAfter)
                {
                    _lastUpAt = _time.GetTimestamp();
                    _connection = await ConnectAsync();
                    connection.Dispose();
                    return;
                }

                await connection.ConfigureAsync().WaitAsync(TimeSpan.FromMilliseconds(_options.CallTimeoutMs), _time);
            }
        }
        catch (Exception e) when (RedisFault.IsOutage(e))
        {
            Interlocked.Increment(ref _failures);
        }
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(_configuration);
        connection.ConnectionFailed += (_, _) => Interlocked.Increment(ref _generation);
        return connection;
    }

    private void Judge(ConnectionMultiplexer connection, string? unfit, bool hasLog)
    {
        if (unfit is not null)
        {
            BeDown(new StoreUnavailableException(unfit));
        }
        else if (Interlocked.Exchange(ref _state, 1) != 1)
        {
            Reason = "";
            RelayLog.StoreUp(_log, string.Join(", ", connection.GetEndPoints().Select(e => e.ToString())));
            if (!hasLog)
            {
                RelayLog.NoLog(_log);
            }

            Up?.Invoke();
        }
    }

    private void BeDown(StoreUnavailableException e)
    {
        // "Not asked again yet" says less than what was said before.
        if (e.InnerException is not BrokenCircuitException || Reason.Length == 0)
        {
            Reason = e.Message;
        }

        if (Interlocked.Exchange(ref _state, 2) != 2)
        {
            Interlocked.Increment(ref _generation);
            RelayLog.StoreDown(_log, Reason);
        }
    }

    private readonly struct Work<T>(RedisStore store, Func<IDatabase, Task<T>> call)
    {
        // This client never ends an asynchronous call by itself while its connection is half-open.
        public Task<T> Once()
        {
            var connection = store._connection
                ?? throw new StoreUnavailableException("there is no connection to Redis yet");
            return call(connection.GetDatabase()).WaitAsync(TimeSpan.FromMilliseconds(store._options.CallTimeoutMs), store._time);
        }
    }
}
