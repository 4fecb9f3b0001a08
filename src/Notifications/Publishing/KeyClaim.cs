namespace FastPush.Notifications.Publishing;

/// <summary>
/// A publish that is on its way under idempotency keys, which it alone may use until it is over. Disposed without <see cref="Done"/> it
/// has failed, and its keys are free again.
/// </summary>
public sealed class KeyClaim : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IdempotencyKeys _keys;
    private readonly PublisherKeys _publisher;
    private readonly Dictionary<string, long> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UInt128> _fresh = new(StringComparer.Ordinal);
    private bool _isOver;

    internal KeyClaim(IdempotencyKeys keys, PublisherKeys publisher)
    {
        _keys = keys;
        _publisher = publisher;
    }

    /// <summary>Keys that stand for no message yet.</summary>
    public IReadOnlyCollection<string> Fresh => _fresh.Keys;

    /// <summary>Completes when the publish is over, well or not.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>The message that was published under a key before; null for one of <see cref="Fresh"/>.</summary>
    public long? IdOf(string key) => _known.TryGetValue(key, out var id) ? id : null;

    /// <summary>All messages are safe: from now on each of the keys stands for the id that is given here.</summary>
    public void Done(IReadOnlyDictionary<string, long> ids, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (!_isOver)
        {
            _isOver = true;
            _keys.Remember(_publisher, this, _fresh.Select(key => (key.Value, ids[key.Key])), nowMs);
            _ended.SetResult();
        }
    }

    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            _keys.Release(_publisher, _fresh.Values);
            _ended.SetResult();
        }
    }

    internal void Add(string key, UInt128 digest, long? id)
    {
        if (id is { } known)
        {
            _known[key] = known;
        }
        else
        {
            _fresh[key] = digest;
        }
    }
}
