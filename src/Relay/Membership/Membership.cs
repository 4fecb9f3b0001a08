using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FastPush.Relay.Clocks;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Membership;

/// <summary>
/// This server's heart-beats and its view of the others. The scripts that use <see cref="Alive"/> remove what belongs to servers that are
/// not in it, so a server serves only when all the living know it (<see cref="StartAsync"/>), and uses its view only while it is fresh.
/// </summary>
public sealed class Membership : IMembers
{
    // A machine's clock that is so far from Redis' is worth a line in the log.
    private const int WallOffMs = 2_000;

    private readonly IScriptStore _store;
    private readonly int _serverId;
    private readonly MembershipOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly MemberTable _table;
    private readonly Pause _pause;
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _beating = Task.CompletedTask;
    private View? _view;
    private bool _mustTellReturn;
    private bool _isWallOff;
    private long _missed;

    /// <summary>For the server with that id, whose process started in that epoch.</summary>
    public Membership(IScriptStore store, int serverId, long epoch, MembershipOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _serverId = serverId;
        _options = options;
        _time = time;
        _log = log;
        Self = string.Create(CultureInfo.InvariantCulture, $"{serverId}.{epoch}");
        _table = new MemberTable(Self, TimeSpan.FromMilliseconds(options.DeadAfterMs), time);
        _pause = new Pause(time);
    }

    /// <inheritdoc/>
    public string Self { get; }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">
    /// No heart-beat was answered yet, or for so long that servers may have come which this one does not know.
    /// </exception>
    public string Alive => Fresh.Alive;

    /// <inheritdoc/>
    public long StoreNowMs
    {
        get
        {
            var view = Fresh;
            return view.StoreMs + (long)_time.GetElapsedTime(view.HeardAt).TotalMilliseconds;
        }
    }

    /// <summary>Living servers, this one among them.</summary>
    public int Count => Volatile.Read(ref _view)?.Ids.Count ?? 1;

    /// <summary>It knows who is alive; without that nothing is stored.</summary>
    public bool KnowsTheLiving => IsFresh(out _);

    /// <summary>Own heart-beats that Redis did not answer.</summary>
    public long Missed => Volatile.Read(ref _missed);

    /// <summary>All living servers know this one.</summary>
    internal Task Joined => _joined.Task;

    /// <summary>
    /// A server is gone: its id, its token, and whether it said so. Raised on a pool thread; handlers return at once.
    /// </summary>
    public event Action<int, string, bool>? ServerGone;

    /// <summary>Who is alive changed, or others had taken this server for dead and know it again. As <see cref="ServerGone"/>.</summary>
    public event Action? Changed;

    /// <summary>Others had taken this server for dead, so what names it may be gone from the store; they know it again.</summary>
    public event Action? Returned;

    /// <inheritdoc/>
    public async Task RefreshAsync(int withinMs)
    {
        var heard = Volatile.Read(ref _heard);
        if (IsFresh(out _))
        {
            return;
        }

        _pause.Wake();
        var within = TimeSpan.FromMilliseconds(withinMs);
        await using (_time.CreateTimer(static h => ((TaskCompletionSource)h!).TrySetResult(), heard, within, Timeout.InfiniteTimeSpan))
        {
            await heard.Task;
        }
    }

    /// <inheritdoc/>
    public bool IsAlive(int serverId) => serverId == _serverId || Volatile.Read(ref _view) is { } view && view.Ids.Contains(serverId);

    /// <summary>
    /// Begins with the heart-beats; completes when all living servers know this one: about two heart-beats later, or, if there are dead
    /// ones, when these count as dead. Only then may this server write anything that names it.
    /// </summary>
    public Task StartAsync(CancellationToken cancel)
    {
        _store.Up += _pause.Wake;
        _beating = RunAsync();
        return _joined.Task.WaitAsync(cancel);
    }

    /// <summary>Tells the others that this server is gone.</summary>
    public async Task StopAsync()
    {
        _store.Up -= _pause.Wake;
        _pause.Stop();
        await _beating;
        try
        {
            await _store.EvalAsync(BeatScripts.Leave, [RedisKeys.Servers], [Self]);
        }
        catch (StoreUnavailableException)
        {
            return; // Said by the store. The others will miss the heart-beats.
        }
    }

    /// <summary>One heart-beat, and what its answer changes.</summary>
    internal async Task BeatAsync()
    {
        var sent = _time.GetTimestamp();
        var answer = (string[])await _store.EvalAsync(
            BeatScripts.Beat, [RedisKeys.Servers], [Self, _options.ForgetAfterMs]);
        var now = Number(answer[0]);
        var beats = new Beat[(answer.Length - 2) / 2];
        for (var i = 0; i < beats.Length; i++)
        {
            beats[i] = new Beat(answer[2 + (2 * i)], Number(answer[3 + (2 * i)]));
        }

        Compare(now, sent);
        _table.Look(now, beats);
        if (_view is not null && WasMissed(answer[1], now))
        {
            // What it had in the store may have been removed by others; when they know it again, that is mended.
            MembershipLog.WasTakenForDead(_log);
            _table.ForgetAwareness();
            _mustTellReturn = true;
        }

        string[] tokens = [Self, .. _table.Others];
        Volatile.Write(
            ref _view, new View($",{string.Join(',', tokens)},", [.. tokens.Select(IdOf)], sent, now, _time.GetTimestamp()));
        Interlocked.Exchange(ref _heard, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        Tell();
    }

    private void Compare(long storeMs, long sentAt)
    {
        if (_time is not SteadyClock clock)
        {
            return;
        }

        var wasTrusted = clock.IsTrusted;
        clock.Hear(storeMs, sentAt);
        if (wasTrusted && clock.Fault is { } fault)
        {
            MembershipLog.ClocksApart(_log, fault);
        }

        var isOff = Math.Abs(clock.MachineAheadMs) > WallOffMs;
        if (isOff && !_isWallOff)
        {
            MembershipLog.WallClockOff(_log, clock.MachineAheadMs);
        }

        _isWallOff = isOff;
    }

    private View Fresh => IsFresh(out var view) ? view : throw new StoreUnavailableException("it is not known which servers are alive");

    private bool IsFresh([NotNullWhen(true)] out View? view)
    {
        view = Volatile.Read(ref _view);
        return view is not null && _time.GetElapsedTime(view.SentAt).TotalMilliseconds < _options.DeadAfterMs;
    }

    private static long Number(string text) => (long)double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static int IdOf(string token) =>
        int.Parse(token.AsSpan(0, token.IndexOf('.', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture);

    private bool WasMissed(string before, long now) =>
        before.Length == 0 || Number(before) is var at && (at < 0 || now - at >= _options.DeadAfterMs);

    private void Tell()
    {
        var hasChanged = _table.Came.Count > 0 || _table.Gone.Count > 0;
        if (_table.Unaware() == 0)
        {
            _joined.TrySetResult();
            if (_mustTellReturn)
            {
                _mustTellReturn = false;
                hasChanged = true;
                Returned?.Invoke();
            }
        }

        foreach (var token in _table.Gone)
        {
            ServerGone?.Invoke(IdOf(token), token, _table.Left.Contains(token));
        }

        if (hasChanged)
        {
            Changed?.Invoke();
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        while (!_pause.IsStopped)
        {
            try
            {
                await BeatAsync();
            }
            catch (StoreUnavailableException)
            {
                Interlocked.Increment(ref _missed); // Why is said by the store.
            }
            catch (Exception e)
            {
                MembershipLog.BeatFailed(_log, e);
            }

            await _pause.WaitAsync(_options.HeartBeatMs);
        }
    }

    /// <summary>What was known with the answer to the heart-beat that was sent and heard then (monotonic clock).</summary>
    private sealed record View(string Alive, HashSet<int> Ids, long SentAt, long StoreMs, long HeardAt);
}
