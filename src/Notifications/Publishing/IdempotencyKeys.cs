namespace FastPush.Notifications.Publishing;

/// <summary>
/// Answers a repeated publish with the id of the first. Keys live for one to two windows in two generations, each bounded in count;
/// when a generation is full it is turned early, so a flood of keys shortens the memory instead of growing it.
/// </summary>
public sealed class IdempotencyKeys(long windowMs, int keysMax)
{
    private Dictionary<(string Principal, string Key), long> _now = [];
    private Dictionary<(string Principal, string Key), long> _before = [];
    private long _turnAtMs;

    /// <summary>
    /// The id that this principal's key stands for: the remembered one, or else <paramref name="candidateId"/>, which is then remembered.
    /// </summary>
    public long GetOrAdd(string principal, string key, long candidateId, long nowMs)
    {
        lock (this)
        {
            if (nowMs >= _turnAtMs || _now.Count >= keysMax)
            {
                var isStale = nowMs >= _turnAtMs + windowMs;
                (_before, _now) = (isStale ? [] : _now, []);
                _turnAtMs = nowMs + windowMs;
            }

            if (_now.TryGetValue((principal, key), out var id) || _before.TryGetValue((principal, key), out id))
            {
                return id;
            }

            _now[(principal, key)] = candidateId;
            return candidateId;
        }
    }

    /// <summary>Forgets a key whose publish was refused after all, so that a retry is not taken for a repetition.</summary>
    public void Forget(string principal, string key)
    {
        lock (this)
        {
            if (!_now.Remove((principal, key)))
            {
                _before.Remove((principal, key)); // The generation turned while it was on its way.
            }
        }
    }
}
