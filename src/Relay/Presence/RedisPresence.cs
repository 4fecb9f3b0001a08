using System.Globalization;
using System.Runtime.InteropServices;
using FastPush.Relay.Membership;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FastPush.Relay.Presence;

/// <summary>
/// The registry of sessions and who is online, in Redis, written behind. What lives is refreshed in turn, many keys with one command: no
/// timer and no command per connection.
/// </summary>
public sealed class RedisPresence : IPresence, IWriteBehind<PresenceWrite>, IDisposable
{
    private const int SweepMs = 1_000;
    private const int KeysMax = 500;

    private readonly RedisStore _store;
    private readonly IMembers _members;
    private readonly int _serverId;
    private readonly PresenceOptions _options;
    private readonly ILogger _log;
    private readonly WriteBehind<PresenceWrite> _writer;
    private readonly PresenceComings _comings = new();
    private readonly Dictionary<string, List<long>> _online = new(StringComparer.Ordinal);
    private readonly ITimer _timer;
    private readonly Queue<string> _turn = new();
    private readonly HashSet<string> _inTurn = new(StringComparer.Ordinal);
    private int _sweeping;
    private long _sweeps;

    public RedisPresence(RedisStore store, IMembers members, int serverId, PresenceOptions options, TimeProvider time, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _members = members;
        _serverId = serverId;
        _options = options;
        _log = log;
        _writer = new WriteBehind<PresenceWrite>(store, this, time, log);
        _writer.Start();
        store.Up += RegisterAll;
        var period = TimeSpan.FromMilliseconds(SweepMs);
        _timer = time.CreateTimer(static state => ((RedisPresence)state!).Sweep(), this, period, period);
    }

    /// <summary>Rounds of refreshing that Redis did not take.</summary>
    public long RefreshesMissed { get; private set; }

    /// <summary>Commands that refreshed what lives, since the start.</summary>
    public long Refreshes { get; private set; }

    /// <inheritdoc/>
    public void Connected(string user, long sessionId)
    {
        lock (_online)
        {
            ref var sessions = ref CollectionsMarshal.GetValueRefOrAddDefault(_online, user, out _);
            (sessions ??= new List<long>(1)).Add(sessionId);
            if (_inTurn.Add(user))
            {
                _turn.Enqueue(user);
            }
        }

        _comings.Add(_writer, new PresenceWrite(PresenceWriteKind.Connect, user, sessionId, 0));
    }

    /// <inheritdoc/>
    public void Disconnected(string user, long sessionId, long unixMs)
    {
        lock (_online)
        {
            if (_online.TryGetValue(user, out var sessions) && sessions.Remove(sessionId) && sessions.Count == 0)
            {
                _online.Remove(user);
            }
        }

        _comings.End(_writer, new PresenceWrite(PresenceWriteKind.Disconnect, user, sessionId, unixMs));
    }

    /// <inheritdoc/>
    public async ValueTask<UserPresence> GetAsync(string user)
    {
        var answer = new TaskCompletionSource<UserPresence>(TaskCreationOptions.RunContinuationsAsynchronously);
        _writer.Add(new PresenceWrite(PresenceWriteKind.Get, user, 0, 0) { Answer = answer });
        return await answer.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> CountAsync(string user) => (await GetAsync(user).ConfigureAwait(false)).Sessions;

    /// <summary>Writes what waits.</summary>
    public async Task StopAsync()
    {
        _store.Up -= RegisterAll;
        await _timer.DisposeAsync();
        await _writer.StopAsync(TimeSpan.FromSeconds(5));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _writer.Dispose();
    }

    string IWriteBehind<PresenceWrite>.LineOf(PresenceWrite write) => write.User;

    bool IWriteBehind<PresenceWrite>.MayBeRefused(PresenceWrite write) => write.Kind == PresenceWriteKind.Get;

    bool IWriteBehind<PresenceWrite>.IsRetried(PresenceWrite write) => write.Kind != PresenceWriteKind.Get;

    bool IWriteBehind<PresenceWrite>.MustFollow(PresenceWrite write, List<PresenceWrite> portion) => false;

    void IWriteBehind<PresenceWrite>.End(PresenceWrite write, Exception? fault)
    {
        _comings.Done(write);
        if (fault is not null)
        {
            write.Answer?.TrySetException(fault);
        }
    }

    Task IWriteBehind<PresenceWrite>.ExecuteAsync(PresenceWrite write, bool isAgain) => write.Kind switch
    {
        PresenceWriteKind.Connect => ConnectAsync(write),
        PresenceWriteKind.Disconnect => DisconnectAsync(write),
        _ => AnswerAsync(write),
    };

    private static RedisKey[] Keys(string user) => [RedisKeys.Session(user), RedisKeys.Presence(user)];

    // With a slash, so that it is no user's name.
    private string SessionId(long session) => string.Create(CultureInfo.InvariantCulture, $"{_members.Self}/{session}");

    private Task<RedisResult[]> ConnectAsync(PresenceWrite write)
    {
        var id = SessionId(write.Session);
        var key = (RedisKey)RedisKeys.Session(id);
        return Task.WhenAll(
            _store.EvalAsync(
                PresenceScripts.Connect, Keys(write.User), [_members.Alive, id, _options.SessionSeconds, _options.OnlineSeconds]),
            _store.EvalAsync(
                PresenceScripts.Describe,
                [key],
                [_serverId, write.User, _options.SessionSeconds]));
    }

    private Task DisconnectAsync(PresenceWrite write)
    {
        var id = SessionId(write.Session);
        return Task.WhenAll(
            _store.EvalAsync(
                PresenceScripts.Disconnect, Keys(write.User), [_members.Alive, id, write.UnixMs, _options.LastSeenSeconds]),
            _store.RunAsync(db => db.KeyDeleteAsync(RedisKeys.Session(id))));
    }

    private async Task AnswerAsync(PresenceWrite write)
    {
        var answer = (string[])await _store.EvalAsync(PresenceScripts.Get, Keys(write.User), [_members.Alive]).ConfigureAwait(false);
        var sessions = int.Parse(answer[0], CultureInfo.InvariantCulture);
        long? left = sessions == 0 && long.TryParse(answer[1], NumberStyles.None, CultureInfo.InvariantCulture, out var ms) ? ms : null;
        write.Answer!.TrySetResult(new UserPresence(sessions, left));
    }

    /// <summary>The store may have forgotten who is here: Redis was away, or other servers took this one for dead.</summary>
    public void RegisterAll()
    {
        lock (_online)
        {
            foreach (var (user, sessions) in _online)
            {
                foreach (var session in sessions)
                {
                    _writer.Add(new PresenceWrite(PresenceWriteKind.Connect, user, session, 0));
                }
            }
        }
    }

    private void Sweep()
    {
        if (_store.IsUp && Interlocked.Exchange(ref _sweeping, 1) == 0)
        {
            _ = SweepAsync();
        }
    }

    // Each user's turn comes twice in the life of "online"; their sessions are looked after in every twentieth turn.
    private async Task SweepAsync()
    {
        try
        {
            var online = new List<string>();
            var sessions = new List<RedisKey>();
            Choose(online, sessions);
            await RefreshOnlineAsync(online);
            await RefreshSessionsAsync(sessions);
        }
        catch (StoreUnavailableException)
        {
            RefreshesMissed++; // Said by the store; when it is back, all are registered anew.
        }
        catch (Exception e)
        {
            RelayLog.ScriptFailed(_log, e);
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }

    private void Choose(List<string> online, List<RedisKey> sessions)
    {
        lock (_online)
        {
            var period = Math.Max(1, _options.OnlineSeconds / 2);
            var withSessions = ++_sweeps / period % 20 == 0;
            for (var n = Math.Min(_turn.Count, _online.Count / period + 1); n > 0; n--)
            {
                var user = _turn.Dequeue();
                if (!_online.TryGetValue(user, out var open))
                {
                    _inTurn.Remove(user);
                    continue;
                }

                _turn.Enqueue(user);
                online.Add(user);
                if (withSessions)
                {
                    sessions.Add(RedisKeys.Session(user));
                    sessions.AddRange(open.Select(s => (RedisKey)RedisKeys.Session(SessionId(s))));
                }
            }
        }
    }

    private Task RefreshOnlineAsync(List<string> users)
    {
        var groups = Groups(users, user => RedisKeys.Presence(user));
        return RefreshAsync(PresenceScripts.RefreshOnline, groups.Select(PresencesAndSessions), _options.OnlineSeconds);
    }

    private static RedisKey[] PresencesAndSessions(string[] users) =>
        [.. users.Select(user => (RedisKey)RedisKeys.Presence(user)), .. users.Select(user => (RedisKey)RedisKeys.Session(user))];

    private Task RefreshSessionsAsync(List<RedisKey> keys) =>
        RefreshAsync(PresenceScripts.RefreshSessions, Groups(keys, key => key), _options.SessionSeconds);

    // One script's keys must share a slot in Redis Cluster; elsewhere any will do.
    private IEnumerable<T[]> Groups<T>(List<T> items, Func<T, RedisKey> keyOf) =>
        _store.IsCluster ? items.GroupBy(item => _store.SlotOf(keyOf(item))).Select(group => group.ToArray()) : items.Chunk(KeysMax);

    private async Task RefreshAsync(string script, IEnumerable<RedisKey[]> groups, int seconds)
    {
        var running = new List<Task>();
        foreach (var group in groups)
        {
            running.Add(_store.EvalAsync(script, group, [seconds]));
            Refreshes++;
        }

        await Task.WhenAll(running);
    }
}
