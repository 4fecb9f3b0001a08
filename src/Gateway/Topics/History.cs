using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>
/// The last messages of a topic, for clients that resume. A ring under the topic's lock, bounded in count here, in age by
/// <see cref="Trim"/> and in bytes, over all topics, by <see cref="HistoryOrder"/>. Owns one reference of each payload.
/// </summary>
internal sealed class History(MemoryShare share)
{
    private Payload?[] _ring = [];
    private int _first;

    public int Count { get; private set; }

    /// <summary>When the newest message came, Unix milliseconds.</summary>
    public long NewestMs => Count == 0 ? 0 : At(Count - 1).TimestampMs;

    /// <summary>The message at a place, 0 = oldest.</summary>
    public Payload At(int index) => _ring[(_first + index) & (_ring.Length - 1)]!;

    /// <summary>Adds the newest and lets the oldest go beyond <paramref name="messagesMax"/>.</summary>
    public void Add(Payload payload, int messagesMax, Topic topic)
    {
        payload.AddRef();
        share.Add(payload.Footprint);
        if (Count >= messagesMax)
        {
            RemoveOldest(topic);
        }

        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_first + Count++) & (_ring.Length - 1)] = payload;
    }

    /// <summary>Lets go what was accepted before <paramref name="unixMs"/>.</summary>
    public void Trim(long unixMs, Topic topic)
    {
        while (Count > 0 && At(0).TimestampMs < unixMs)
        {
            RemoveOldest(topic);
        }

        if (Count == 0)
        {
            _ring = [];
            _first = 0;
        }
    }

    /// <summary>The place of a message; -1 when it is not here. Order is that of delivery, which need not be that of ids.</summary>
    public int IndexOf(long id)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            if (At(i).Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The first message that was published after this id; the number of messages when there is none.</summary>
    public int FirstAfter(long id)
    {
        var first = 0;
        while (first < Count && At(first).PublishedId <= id)
        {
            first++;
        }

        return first;
    }

    /// <summary>Lets the oldest go.</summary>
    public void RemoveOldest(Topic topic)
    {
        ref var slot = ref _ring[_first];
        topic.Left(slot!);
        share.Remove(slot!.Footprint);
        slot.Release();
        slot = null;
        _first = (_first + 1) & (_ring.Length - 1);
        Count--;
    }

    private void Grow()
    {
        var larger = new Payload?[Math.Max(4, _ring.Length * 2)];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = At(i);
        }

        _ring = larger;
        _first = 0;
    }
}
