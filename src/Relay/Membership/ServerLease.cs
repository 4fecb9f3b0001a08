using System.Globalization;
using System.Security.Cryptography;
using FastPush.Protocol.Ids;
using FastPush.Relay.Clocks;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FastPush.Relay.Membership;

/// <summary>
/// One of the 1024 server ids, for this process alone. While Redis is away the lease lives on, by this server's own clocks, until Redis
/// could have given the id to another; from then on <see cref="IsValid"/> is false.
/// <para>With a configured id the lease is taken from whoever has it: that process sees it within <see cref="LeaseOptions.RenewMs"/> and
/// raises <see cref="Lost"/>. Without one, a free id is taken, from a random number on: so a server that is cut off from a Redis which
/// lost its data, and cannot claim its id again, hardly ever meets its number in a newcomer.</para>
/// </summary>
public sealed class ServerLease
{
    // Of the lease, kept back for clocks that run at different speeds (at most 0.05 %) and for the way of an answer.
    private const int MarginDivisor = 100;

    // How long it is remembered up to when a given back id was used. Longer than clocks of one fleet differ.
    private const int ReleasedMs = 60_000;

    private const int ClockTriesMax = 3;

    private readonly RedisStore _store;
    private readonly int? _configuredId;
    private readonly LeaseOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly int _firstId;
    private readonly string _secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly Pause _pause;
    private Task _renewing = Task.CompletedTask;
    private Grant? _grant;
    private int _serverId = -1;
    private long _usedUntil;
    private bool _isLost;
    private string _waitingFor = "";

    /// <summary>With no configured id one is chosen.</summary>
    public ServerLease(RedisStore store, int? configuredId, LeaseOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _configuredId = configuredId;
        _firstId = configuredId ?? RandomNumberGenerator.GetInt32(Snowflake.ServerIdMax + 1);
        _options = options;
        _time = time;
        _log = log;
        _pause = new Pause(time);
    }

    /// <summary>
    /// The id is this process's for certain. Both clocks are asked: the monotonic one stands still while a machine is suspended, the wall
    /// clock may be set.
    /// </summary>
    public bool IsValid => !Volatile.Read(ref _isLost) && Volatile.Read(ref _grant) is { } grant && LeftMs(grant) > 0;

    /// <summary>Another process has the id. This one can get it back only by a restart. Raised once, on a pool thread.</summary>
    public event Action? Lost;

    /// <summary>
    /// Waits until Redis answers and an id is free, and keeps it renewed from then on. The epoch is higher than that of the id's last
    /// owner.
    /// </summary>
    public async Task<(int ServerId, long Epoch)> AcquireAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await HearClockAsync().ConfigureAwait(false);
                if (await RestMsAsync().ConfigureAwait(false) is > 0 and var rest)
                {
                    await RestAsync(rest, cancel).ConfigureAwait(false);
                }

                if (await ClaimAsync(cancel).ConfigureAwait(false) is { } claimed)
                {
                    return claimed;
                }
            }
            catch (StoreUnavailableException e)
            {
                Wait(e.Message);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(_options.RetryMs), _time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the id back; after this no id may be made with it. An unreachable Redis keeps it until the lease is over.</summary>
    public async Task ReleaseAsync()
    {
        _store.Up -= _pause.Wake;
        _pause.Stop();
        await _renewing.ConfigureAwait(false);
        if (Interlocked.Exchange(ref _grant, null) is null || Volatile.Read(ref _isLost))
        {
            return;
        }

        try
        {
            await _store.EvalAsync(LeaseScripts.Release, Keys(_serverId), [_secret, ReleasedMs, UsedUntil()]).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            Wait($"giving the id back failed, so it is free in {_options.LeaseMs / 1000} s: {e.Message}");
        }
    }

    private static RedisKey[] Keys(int serverId) => [RedisKeys.Server(serverId)];

    private long UnixMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private long WallMs() => SteadyClock.WallNow(_time).ToUnixTimeMilliseconds();

    // Ids do not go back with the clock.
    private long UsedUntil() => _usedUntil = Math.Max(_usedUntil, UnixMs());

    private double LeftMs(Grant grant)
    {
        var elapsed = Math.Max(_time.GetElapsedTime(grant.SentAt).TotalMilliseconds, WallMs() - grant.SentWallMs);
        return _options.LeaseMs - (_options.LeaseMs / MarginDivisor) - elapsed;
    }

    // The ids go by Redis' clock, of the primary that the heart-beats ask too.
    private async Task HearClockAsync()
    {
        for (var tries = 0; _time is SteadyClock { HasHeard: false } clock && tries < ClockTriesMax; tries++)
        {
            var asked = _time.GetTimestamp();
            clock.Hear((long)await _store.EvalAsync(LeaseScripts.Time, [RedisKeys.Servers], []).ConfigureAwait(false), asked);
        }

        if (_time is SteadyClock { HasHeard: false })
        {
            throw new StoreUnavailableException("Redis answers too slowly to know its clock");
        }
    }

    // What a Redis that knows of no fleet has lost nobody can tell, so it is treated as one that has lost leases.
    private async Task<long> RestMsAsync()
    {
        var age = (long)await _store.EvalAsync(LeaseScripts.FleetAge, [RedisKeys.Fleet], []).ConfigureAwait(false);
        return _configuredId is null ? _options.FreshWaitMs - age : 0;
    }

    private async Task<(int, long)?> ClaimAsync(CancellationToken cancel)
    {
        for (var i = 0; i <= (_configuredId is null ? Snowflake.ServerIdMax : 0); i++)
        {
            var id = (_firstId + i) % (Snowflake.ServerIdMax + 1);
            var sent = new Grant(_time.GetTimestamp(), WallMs());
            var answer = (string[])await _store.EvalAsync(
                LeaseScripts.Claim,
                Keys(id),
                [_secret, _options.LeaseMs, UsedUntil(), _configuredId is null ? _options.FreshWaitMs : -1, _options.RenewMs])
                .ConfigureAwait(false);
            switch (answer.Length)
            {
                case 0:
                    continue;
                case 1:
                    await RestAsync(long.Parse(answer[0], CultureInfo.InvariantCulture), cancel).ConfigureAwait(false);
                    return null;
                default:
                    _serverId = id;
                    Volatile.Write(ref _grant, sent);
                    _renewing = RenewAsync();
                    await PassAsync(long.Parse(answer[1], CultureInfo.InvariantCulture), cancel).ConfigureAwait(false);
                    return (id, long.Parse(answer[0], CultureInfo.InvariantCulture));
            }
        }

        Wait("all ids are taken");
        return null;
    }

    private Task RestAsync(long ms, CancellationToken cancel)
    {
        Wait("Redis has just started or knows of no fleet, so servers that run already may have to claim their ids again");
        return Task.Delay(TimeSpan.FromMilliseconds(ms), _time, cancel);
    }

    // The last owner's clock may be ahead of this one's, and its ids with it.
    private async Task PassAsync(long unixMs, CancellationToken cancel)
    {
        while (Math.Min(unixMs - UnixMs() + 1, ReleasedMs) is > 0 and var ahead)
        {
            Wait("the id's last owner had a clock that is ahead of this server's");
            await Task.Delay(TimeSpan.FromMilliseconds(ahead), _time, cancel).ConfigureAwait(false);
        }
    }

    private async Task RenewAsync()
    {
        await Task.Yield();
        _store.Up += _pause.Wake;
        var wasValid = true;
        while (true)
        {
            await _pause.WaitAsync(_options.RenewMs).ConfigureAwait(false);
            if (_pause.IsStopped)
            {
                return;
            }

            if (!await TryRenewAsync().ConfigureAwait(false))
            {
                Lost?.Invoke();
                return;
            }

            if (wasValid && !IsValid)
            {
                MembershipLog.RanOut(_log, _serverId);
            }

            wasValid = IsValid;
        }
    }

    // False when it is lost for good.
    private async Task<bool> TryRenewAsync()
    {
        var sent = new Grant(_time.GetTimestamp(), WallMs());
        try
        {
            var renewed = (int)await _store.EvalAsync(
                LeaseScripts.Renew, Keys(_serverId), [_secret, _options.LeaseMs, UsedUntil()]).ConfigureAwait(false);
            if (renewed == 0)
            {
                Volatile.Write(ref _isLost, true);
                return false;
            }

            Volatile.Write(ref _grant, sent);
            if (renewed == 2)
            {
                MembershipLog.Reclaimed(_log, _serverId);
            }
        }
        catch (StoreUnavailableException)
        {
            return true; // Said by the store; the lease has its time.
        }
        catch (Exception e)
        {
            MembershipLog.RenewFailed(_log, e);
        }

        return true;
    }

    private void Wait(string reason)
    {
        if (reason != _waitingFor)
        {
            _waitingFor = reason;
            MembershipLog.Waiting(_log, reason);
        }
    }

    /// <summary>When the last good renewal was sent, by the monotonic and by the wall clock.</summary>
    private sealed record Grant(long SentAt, long SentWallMs);
}
