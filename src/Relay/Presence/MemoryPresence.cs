using System.Runtime.InteropServices;

namespace FastPush.Relay.Presence;

/// <summary>
/// The embedded implementation. Users who left are remembered in two generations of at most <paramref name="rememberMax"/> each, so
/// memory is bounded whatever names come.
/// </summary>
public sealed class MemoryPresence(int rememberMax) : IPresence
{
    private readonly Dictionary<string, int> _online = [];
    private Dictionary<string, long> _left = [];
    private Dictionary<string, long> _leftBefore = [];

    /// <inheritdoc/>
    public void Connected(string user, long sessionId)
    {
        lock (_online)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_online, user, out _)++;
        }
    }

    /// <inheritdoc/>
    public void Disconnected(string user, long sessionId, long unixMs)
    {
        lock (_online)
        {
            ref var sessions = ref CollectionsMarshal.GetValueRefOrNullRef(_online, user);
            if (--sessions > 0)
            {
                return;
            }

            _online.Remove(user);
            if (_left.Count >= rememberMax)
            {
                (_leftBefore, _left) = (_left, []);
            }

            _left[user] = unixMs;
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> CountAsync(string user)
    {
        lock (_online)
        {
            return ValueTask.FromResult(_online.GetValueOrDefault(user));
        }
    }

    /// <inheritdoc/>
    public ValueTask<UserPresence> GetAsync(string user)
    {
        lock (_online)
        {
            if (_online.TryGetValue(user, out var sessions))
            {
                return ValueTask.FromResult(new UserPresence(sessions, null));
            }

            var seen = _left.TryGetValue(user, out var at) || _leftBefore.TryGetValue(user, out at);
            return ValueTask.FromResult(new UserPresence(0, seen ? at : null));
        }
    }
}
