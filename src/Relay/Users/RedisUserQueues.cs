using System.Globalization;
using System.Text;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Ids;
using FastPush.Relay.Membership;
using FastPush.Relay.Offline;
using FastPush.Relay.Redis;
using FastPush.Relay.Topics;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FastPush.Relay.Users;

/// <summary>
/// Users' queues in Redis. Messages are accepted at once, everything else is written behind, in order (<see cref="WriteBehind{T}"/>);
/// all of
/// it by scripts of one slot (<see cref="UserScripts"/>).
/// </summary>
public sealed partial class RedisUserQueues : IUserQueues, IWriteBehind<QueueWrite>, IDisposable
{
    // What was stored less than so long ago may still be on its way over the relay, so a take leaves it to that.
    private const int RelayTimeMs = 2_000;

    private readonly IScriptStore _store;
    private readonly IMembers _members;
    private readonly PayloadPool _pool;
    private readonly UserQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly int _serverId;
    private readonly WriteBehind<QueueWrite> _writer;
    private readonly HeldMessages _held = new();

    private readonly Dictionary<(string User, string Queue), QueueInterest> _interest = [];
    private readonly OfflineCount _count;
    private readonly HistoryReach _reach;
    private readonly CancellationTokenSource _stopping = new();

    public RedisUserQueues(
        IScriptStore store, IMembers members, int serverId, PayloadPool pool, UserQueueOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _members = members;
        _serverId = serverId;
        _pool = pool;
        _options = options;
        _time = time;
        _count = new OfflineCount(store);
        _reach = new HistoryReach(store, time, options.HistoryAgeSeconds);
        _writer = new WriteBehind<QueueWrite>(store, this, time, log);
        _writer.Start();
    }

    /// <inheritdoc/>
    public event Action<string, long>? Overflowed;

    /// <inheritdoc/>
    public event Action<Payload>? Expired;

    /// <inheritdoc/>
    public event Action<string, string, int>? OutOfMemory;

    /// <inheritdoc/>
    public event Action<string, string, int[]>? Waiting;

    /// <inheritdoc/>
    public bool IsUp => _store.IsUp;

    /// <inheritdoc/>
    public long Count => _count.Value;

    /// <summary>Messages of users in this server's memory.</summary>
    public int Held => _held.Count;

    /// <summary>Writes what waits, for so long at most.</summary>
    public Task StopAsync(TimeSpan within)
    {
        _stopping.Cancel();
        return _writer.StopAsync(within);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _writer.Dispose();
    }

    /// <inheritdoc/>
    public async Task<AcceptResult[]> AcceptAsync(ReadOnlyMemory<Payload> messages, bool again)
    {
        if (!_store.IsUp)
        {
            throw new StoreUnavailableException(_store.Reason); // It may take them and not keep them.
        }

        await _members.RefreshAsync(_store.CallTimeoutMs);

        var asked = new Task<RedisResult>[messages.Length];
        var givenUpAt = _members.StoreNowMs + _store.CallTimeoutMs;
        for (var i = 0; i < messages.Length; i++)
        {
            var message = messages.Span[i];
            asked[i] = _store.EvalAsync(
                UserScripts.Accept,
                Keys(message.User!, message.Queue!),
                [
                    UserEntry.Id(message.Id),
                    UserEntry.Write(message, 0, _serverId),
                    UserEntry.Attempts(again || message.MayBeStored ? (byte)1 : (byte)0),
                    _options.Offline.Messages,
                    _options.Offline.Bytes,
                    TtlMs,
                    _members.Alive,
                    _options.HistoryMessages,
                    _options.HistoryAgeSeconds * 1000L,
                    givenUpAt,
                ]);
        }

        var answers = await Task.WhenAll(asked);
        return Array.ConvertAll(answers, Accepted);
    }

    /// <inheritdoc/>
    public bool Hold(Payload message, bool isStored = true)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TryHold(message.User!, message.Queue!, message.Id, isStored ? _store.Generation : HeldMessages.NeverStored, isTaken: false);
    }

    /// <inheritdoc/>
    public bool HasHad(string user, long id) => _held.Contains(user, id) || _held.IsSettled(user, id);

    /// <inheritdoc/>
    public bool IsOverdue(string user, string queue, long id) => id <= OverdueIn(user, queue);

    /// <inheritdoc/>
    public long OverdueId => Snowflake.FirstId(_time.GetUtcNow().ToUnixTimeMilliseconds() - RelayTimeMs);

    /// <inheritdoc/>
    public void Settle(Payload message, Action<Exception?>? done = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        var generation = _held.Settle(message.User!, message.Id);
        if (generation == HeldMessages.NeverStored)
        {
            message.AddRef();
        }

        _writer.Add(new QueueWrite(QueueWriteKind.Settle, message.User!, message.Queue!, message.Id)
        {
            Done = done,
            Message = generation == HeldMessages.NeverStored ? message : null,
        });
    }

    /// <inheritdoc/>
    public void AfterChanges(string user, Action<Exception?> done) =>
        _writer.Add(new QueueWrite(QueueWriteKind.Barrier, user, "", 0) { Done = done });

    /// <inheritdoc/>
    public void Undeliverable(int serverId, string user, string queue, long id, bool mayHaveArrived)
    {
        if (serverId == _serverId && _held.Contains(user, id))
        {
            return; // It came twice and is here.
        }

        _writer.Add(new QueueWrite(QueueWriteKind.Release, user, queue, id)
        {
            Owner = serverId.ToString(CultureInfo.InvariantCulture) + ".",
            Attempts = mayHaveArrived ? (byte)1 : null,
        });
    }

    /// <inheritdoc/>
    public void Uncertain(Payload message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _writer.Add(new QueueWrite(QueueWriteKind.Release, message.User!, message.Queue!, message.Id) { Owner = "*", Attempts = 1 });
    }

    /// <inheritdoc/>
    public void Leave(string user, string queue)
    {
        lock (_interest)
        {
            if (_interest.TryGetValue((user, queue), out var interest))
            {
                interest.Leave(new QueueWrite(QueueWriteKind.Leave, user, queue, 0));
                Forget(user, queue, interest);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages)
    {
        foreach (var message in messages.Span)
        {
            _writer.Add(new QueueWrite(QueueWriteKind.Release, user, queue, message.Payload.Id)
            {
                Owner = _members.Self,
                Attempts = message.Attempts,
                Message = message.Payload,
                Generation = _held.Remove(user, message.Payload.Id),
            });
        }

        return ValueTask.FromResult<IReadOnlyList<OfflineMessage>>([]); // What leaves a full queue is told by Overflowed.
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue)
    {
        var taken = new TaskCompletionSource<IReadOnlyList<OfflineMessage>>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_interest)
        {
            if (!_interest.TryGetValue((user, queue), out var interest))
            {
                _interest[(user, queue)] = interest = new QueueInterest(_writer);
            }

            interest.Take(
                new QueueWrite(QueueWriteKind.Take, user, queue, 0) { Taken = taken }, _time.GetUtcNow().ToUnixTimeMilliseconds());
        }

        return new ValueTask<IReadOnlyList<OfflineMessage>>(taken.Task);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs)
    {
        await _count.FlushAsync();
        return []; // Keys expire by themselves, messages when they are taken.
    }

    private bool TryHold(string user, string queue, long id, long generation, bool isTaken)
    {
        var state = _held.Add(user, id, generation, isTaken);
        if (state == HeldState.Settled)
        {
            SettleAgain(user, queue, id);
        }

        return state == HeldState.Added;
    }

    private long OverdueIn(string user, string queue)
    {
        lock (_interest)
        {
            return _interest.TryGetValue((user, queue), out var interest) && interest.SinceMs != 0
                ? Math.Max(OverdueId, Snowflake.FirstId(interest.SinceMs))
                : OverdueId;
        }
    }

    private long TtlMs => _options.Offline.TtlSeconds * 1000L;

    private static RedisKey[] Keys(string user, string queue) =>
    [
        RedisKeys.Queues(user, queue),
        RedisKeys.Offline(user, queue),
        RedisKeys.InFlight(user, queue),
        RedisKeys.Entries(user, queue),
        RedisKeys.OfflineBytes(user, queue),
        RedisKeys.UserHistory(user, queue),
        RedisKeys.UserHistoryEntries(user, queue),
    ];

    private static int[] Servers(string tokens) =>
    [
        .. tokens.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(t => int.Parse(t.AsSpan(0, t.IndexOf('.', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture)),
    ];

    private AcceptResult Accepted(RedisResult answer)
    {
        var parts = (string[])answer;
        var servers = Servers(parts[0]);
        var dropped = parts.Length == 1 ? null : Array.ConvertAll(parts[1..], p => UserEntry.ReadId(Encoding.ASCII.GetBytes(p)));
        if (servers.Length == 0)
        {
            _count.Add(1 - (dropped?.Length ?? 0));
        }

        return new AcceptResult(servers, dropped);
    }
}
