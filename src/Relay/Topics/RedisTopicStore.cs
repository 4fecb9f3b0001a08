using System.Globalization;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Envelope;
using FastPush.Relay.Links;
using FastPush.Relay.Membership;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FastPush.Relay.Topics;

/// <summary>Interest and history of topics in Redis. The history is written behind (<see cref="HistoryWriter"/>).</summary>
public sealed class RedisTopicStore : ITopicStore, IAsyncDisposable
{
    /// <summary>
    /// Interest in a topic must be renewed by a look-up or a join within this time, in ms: what nobody renews is of servers that died.
    /// </summary>
    public const long InterestTtlMs = 3 * 3_600_000L;

    private readonly IScriptStore _store;
    private readonly IMembers _members;
    private readonly PayloadPool _pool;
    private readonly TopicStoreOptions _options;
    private readonly HistoryWriter _history;
    private readonly HistoryReach _reach;

    public RedisTopicStore(
        IScriptStore store, IMembers members, int serverId, PayloadPool pool, TopicStoreOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _members = members;
        _pool = pool;
        _options = options;
        _history = new HistoryWriter(store, serverId, options, time, log);
        _reach = new HistoryReach(store, time, options.HistoryAgeSeconds);
    }

    /// <summary>Messages that got no place in the history.</summary>
    public long HistoryDropped => _history.Dropped;

    /// <inheritdoc/>
    public Task<int[]> WatchAsync(byte[] topic) => AskAsync(TopicScripts.Watch, topic);

    /// <inheritdoc/>
    public Task<int[]> JoinAsync(byte[] topic) => AskAsync(TopicScripts.Join, topic);

    /// <inheritdoc/>
    public Task<int[]> LeaveAsync(byte[] topic) => AskAsync(TopicScripts.Leave, topic);

    /// <inheritdoc/>
    public Task ForgetAsync(byte[] topic) => AskAsync(TopicScripts.Forget, topic);

    /// <inheritdoc/>
    public void Append(byte[] topic, Payload message) => _history.Append(topic, message);

    /// <inheritdoc/>
    public Task FlushAsync(byte[] topic) => _history.FlushAsync(topic);

    /// <inheritdoc/>
    public async Task<TopicPart> ReadAsync(byte[] topic, long afterId)
    {
        var stream = await _store.EvalAsync(
            TopicScripts.Read, [RedisKeys.TopicHistory(topic)], [_options.HistoryAgeSeconds * 1000L]);
        var found = new List<Payload>();
        var (isKnown, isWhole) = (false, true);
        foreach (var item in (RedisResult[])stream)
        {
            // [stream id, [field, value, field, value, ...]]
            var values = (RedisResult[])((RedisResult[])item)[1];
            for (var i = 1; i < values.Length; i += 2)
            {
                if (RelayEnvelope.TryRead((byte[])values[i], out var envelope, out _) != ParseStatus.Done)
                {
                    isWhole = false;
                }
                else if (envelope.MessageId <= afterId)
                {
                    isKnown |= envelope.MessageId == afterId;
                }
                else if (PayloadEnvelope.Rent(_pool, envelope, null, null) is { } payload)
                {
                    found.Add(payload);
                }
                else
                {
                    isWhole = false; // The memory for messages is full.
                }
            }
        }

        found.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        var excess = Math.Max(0, found.Count - _options.HistoryMessages);
        found.GetRange(0, excess).ForEach(p => p.Release());
        found.RemoveRange(0, excess);
        isWhole &= excess == 0;
        return new TopicPart(found, isWhole && (isKnown || await CoversAsync(topic, afterId, found)));
    }

    // What was read must not be lost with the answer.
    private async Task<bool> CoversAsync(byte[] topic, long afterId, List<Payload> found)
    {
        try
        {
            return await _reach.CoversAsync(RedisKeys.TopicHistory(topic), afterId);
        }
        catch
        {
            found.ForEach(p => p.Release());
            throw;
        }
    }

    /// <summary>Writes what waits, if Redis takes it.</summary>
    public ValueTask DisposeAsync() => _history.DisposeAsync();

    private async Task<int[]> AskAsync(string script, byte[] topic)
    {
        var tokens = (string)await _store.EvalAsync(
            script, [RedisKeys.Interest(topic)], [_members.Self, _members.Alive, InterestTtlMs]);
        return
        [
            .. tokens.Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(t => t[..t.IndexOf('.', StringComparison.Ordinal)])
                .Select(id => int.Parse(id, NumberStyles.None, CultureInfo.InvariantCulture)),
        ];
    }
}
