using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>
/// The relay over Redis pub/sub: subscribes to <c>push:relay:{serverId}:{shard}</c> of this server and publishes to those of others,
/// over one RESP3 connection; on a Redis Cluster, over one to each primary, by sharded pub/sub. Reconnects by itself for as long as
/// it lives.
/// </summary>
public sealed class RedisRelay : IRelay, IAsyncDisposable
{
    // Beside its messages a frame holds the words around the payload.
    private const int FrameHeadBytesMax = 256;

    private readonly RelayOptions _options;
    private readonly RelayParts _parts;
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private volatile bool _isStopping;

    /// <param name="options">Checked here; Redis is not asked before <see cref="Start"/>.</param>
    /// <param name="receiver">Gets what others publish to this server.</param>
    /// <param name="clock">For timeouts and pauses.</param>
    /// <param name="log">Ids 2100 to 2149.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public RedisRelay(RelayOptions options, IRelayReceiver receiver, TimeProvider clock, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        var guarded = new GuardedReceiver(receiver, log);
        _parts = new RelayParts(
            options,
            guarded,
            clock,
            log,
            new RelayLanes(options, clock),
            new RelayDialer(options.Address, clock),
            new RelayState(options, guarded, log),
            Counters);
    }

    public bool IsUp => _parts.State.IsUp;

    public LinkCounters Counters { get; } = new();

    /// <summary>Memory of messages that wait, or that Redis has not answered.</summary>
    public long WaitingBytes => _parts.Lanes.UsedBytes;

    /// <summary>Begins to connect; once.</summary>
    public void Start() => _run = RunAsync();

    public bool TryPublish(int serverId, uint hash, ReadOnlySpan<byte> message)
    {
        if (!_isStopping && message.Length <= _options.FrameBytesMax - FrameHeadBytesMax
            && _parts.Lanes.Get(serverId, hash).TryAppend(message))
        {
            return true;
        }

        Interlocked.Increment(ref Counters.MessagesRefused);
        return false;
    }

    /// <summary>
    /// Takes no more, sends what waits within <see cref="RelayOptions.StopTimeout"/>, gives the rest back as undelivered, and ends
    /// without <see cref="IRelayReceiver.OnDown"/>.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        try
        {
            await _parts.Lanes.WhenEmpty().WaitAsync(_options.StopTimeout, _parts.Clock);
        }
        catch (TimeoutException)
        {
            LinkLog.StoppedWithRest(_parts.Log, _parts.Lanes.UsedBytes, (long)_options.StopTimeout.TotalMilliseconds);
        }

        _parts.State.End();
        await _stop.CancelAsync();
        await _run;
        _parts.Lanes.Dispose();
        _parts.Dialer.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        // The caller of Start does not wait for a name to be resolved.
        await Task.Yield();
        var backoff = new Backoff(_options.BackoffMin, _options.BackoffMax);
        try
        {
            while (true)
            {
                var began = _parts.Clock.GetTimestamp();
                try
                {
                    var (socket, server) = await _parts.Dialer.OpenAnyAsync(_options.Address.EndPoints, _parts.ClientName, _stop.Token);
                    began = _parts.Clock.GetTimestamp();
                    await (server.IsCluster
                        ? new ClusterRelay(_parts).RunAsync(socket, _stop.Token)
                        : new SingleRelay(_parts, new RelayConnection(socket, server, Counters)).RunAsync(_stop.Token));
                }
                catch (RelayException fault)
                {
                    _parts.State.Down(fault.Message);
                }

                _stop.Token.ThrowIfCancellationRequested();
                if (_parts.Clock.GetElapsedTime(began) >= _options.BackoffMax)
                {
                    // It was up for a while, so this is not a server that accepts and drops again and again.
                    backoff.Reset();
                }

                await Task.Delay(backoff.Next(Random.Shared), _parts.Clock, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The orderly end.
            return;
        }
    }
}
