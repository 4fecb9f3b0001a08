namespace FastPush.Gateway.Topics;

/// <summary>
/// What is remembered of the histories of topics that are no longer in the table, so that a client which resumes after a quiet time is not
/// told of a gap that there is none. At most <see cref="Most"/> topics, by the hash of their key; the younger half stays.
/// </summary>
internal sealed class ForgottenTopics
{
    /// <summary>Topics that are remembered; some 40 bytes each.</summary>
    public const int Most = 65_536;

    private readonly Lock _gate = new();
    private Dictionary<ulong, HistoryPast> _young = [];
    private Dictionary<ulong, HistoryPast> _old = [];
    private long _youngNewest;
    private long _oldNewest;
    private long _unknownTo;

    /// <summary>Nothing is known of what was published up to this id: the process began then, or topics were forgotten.</summary>
    public long UnknownTo
    {
        get
        {
            lock (_gate)
            {
                return _unknownTo;
            }
        }

        set
        {
            lock (_gate)
            {
                _unknownTo = value;
            }
        }
    }

    /// <summary>A topic leaves the table, or a message of one that has left it is lost.</summary>
    public void Add(ulong topic, HistoryPast past)
    {
        lock (_gate)
        {
            _young[topic] = past;
            _youngNewest = Math.Max(_youngNewest, past.NewestId);
            if (_young.Count < Most / 2)
            {
                return;
            }

            _unknownTo = Math.Max(_unknownTo, _oldNewest);
            (_old, _oldNewest) = (_young, _youngNewest);
            (_young, _youngNewest) = ([], 0);
        }
    }

    /// <summary>What is known of a topic that comes into the table.</summary>
    public HistoryPast Of(ulong topic)
    {
        lock (_gate)
        {
            return _young.TryGetValue(topic, out var past) || _old.TryGetValue(topic, out past)
                ? past
                : new HistoryPast(0, _unknownTo);
        }
    }
}
