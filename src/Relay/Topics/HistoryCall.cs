using FastPush.Protocol.Buffers;
using FastPush.Relay.Links;
using FastPush.Relay.Redis;
using StackExchange.Redis;

namespace FastPush.Relay.Topics;

/// <summary>Keys and arguments of <see cref="TopicScripts.Append"/> for as many topics as one call may have.</summary>
internal sealed class HistoryCall(TopicStoreOptions options, int serverId, HistoryMarks marks)
{
    // Redis does nothing else meanwhile. Lua's stack bounds what can be unpacked too.
    private const int EntriesMax = 200;
    private const int BytesMax = 256 * 1024;

    private readonly List<RedisKey> _keys = [];
    private readonly List<RedisValue> _values = [];
    private readonly List<(HistoryPart Part, int Count)> _taken = [];

    public RedisKey[] Keys => [.. _keys];

    public RedisValue[] Values => [.. _values];

    /// <summary>Takes what comes next; false when all is written.</summary>
    public bool Fill(List<HistoryPart> parts, long generation)
    {
        _keys.Clear();
        _values.Clear();
        _taken.Clear();
        var ageMs = options.HistoryAgeSeconds * 1000L;
        _values.Add(ageMs);
        _values.Add(ageMs + marks.PeriodMs);
        var entries = 0;
        long bytes = 0;
        foreach (var part in parts)
        {
            var place = _values.Count;
            var count = 0;
            while (part.Written + count < part.Messages.Count && entries < EntriesMax && bytes < BytesMax)
            {
                var entry = Entry(part.Topic, part.Messages[part.Written + count]);
                _values.Add(entry);
                bytes += entry.Length;
                entries++;
                count++;
            }

            if (count > 0)
            {
                var (trimBefore, isProlonged) = marks.Of(part.Topic, generation);
                _keys.Add(RedisKeys.TopicHistory(part.Topic));
                _values.InsertRange(place, [trimBefore, isProlonged ? 1 : 0, count]);
                _taken.Add((part, count));
            }
        }

        return entries > 0;
    }

    /// <summary>
    /// What was filled in is written, at this time of Redis' clock; null if that is not known of all of it, and it is given up.
    /// </summary>
    public void Done(long? atMs)
    {
        foreach (var (part, count) in _taken)
        {
            part.Written += count;
            if (atMs is { } at)
            {
                marks.Wrote(part.Topic, count, at);
            }
        }
    }

    private byte[] Entry(byte[] topic, Payload message)
    {
        var buffer = BytePool.Rent(PayloadEnvelope.SizeMax(message));
        var length = PayloadEnvelope.Write(buffer, serverId, topic, message);
        var entry = buffer.AsSpan(0, length).ToArray();
        BytePool.Return(buffer);
        return entry;
    }
}
