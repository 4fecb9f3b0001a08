using FastPush.Gateway.Auth;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Limits;

/// <summary>
/// Users with sessions here, and those whose bucket has not refilled yet or who answer for something: leaving and coming back brings
/// neither tokens nor memory.
/// </summary>
internal sealed class UserTable(MemoryAccount account, long shareBytes)
{
    private readonly Dictionary<string, User> _users = new(StringComparer.Ordinal);

    /// <summary>Set when the buckets count over all servers.</summary>
    public FleetRates? Fleet { get; set; }

    public int Count
    {
        get
        {
            lock (_users)
            {
                return _users.Count;
            }
        }
    }

    /// <summary>Bytes that all of them answer for.</summary>
    public long Bytes
    {
        get
        {
            lock (_users)
            {
                return _users.Values.Sum(user => user.Bytes);
            }
        }
    }

    /// <summary>One more session (or request) of a user.</summary>
    public User Enter(Principal principal)
    {
        lock (_users)
        {
            var user = GetOrAdd(principal.UserId);
            user.Sessions++;
            user.Obey(principal, shareBytes);
            return user;
        }
    }

    /// <summary>One session or request less.</summary>
    public void Leave(User user)
    {
        lock (_users)
        {
            user.Sessions--;
        }
    }

    /// <summary>Takes one token of a user with a session.</summary>
    public bool TryTake(User user, long nowMs, int burst, double perSecond)
    {
        if (!user.Bucket.TryTake(nowMs, burst, perSecond))
        {
            return false;
        }

        Fleet?.Took(user, 1, burst, perSecond);
        return true;
    }

    /// <summary>Takes tokens of a user who may have no session (HTTP publishers).</summary>
    public bool TryTake(string id, long nowMs, int burst, double perSecond, int tokens, out long waitMs)
    {
        lock (_users)
        {
            var user = GetOrAdd(id);
            var taken = user.Bucket.TryTake(nowMs, burst, perSecond, tokens);
            waitMs = taken ? 0 : user.Bucket.WaitMs(nowMs, burst, perSecond, tokens);
            if (taken)
            {
                Fleet?.Took(user, tokens, burst, perSecond);
            }

            return taken;
        }
    }

    /// <summary>Takes command tokens of a user who may have no session (HTTP requests, event streams).</summary>
    public bool TryTakeCommands(string id, long nowMs, int burst, double perSecond, int tokens, out long waitMs)
    {
        lock (_users)
        {
            var user = GetOrAdd(id);
            var taken = user.Commands.TryTake(nowMs, burst, perSecond, tokens);
            waitMs = taken ? 0 : user.Commands.WaitMs(nowMs, burst, perSecond, tokens);
            return taken;
        }
    }

    /// <summary>Forgets users without sessions who answer for nothing and whose buckets are full again.</summary>
    public void Sweep(long nowMs)
    {
        lock (_users)
        {
            foreach (var (id, user) in _users)
            {
                if (user.Sessions == 0 && user.Bytes == 0 && user.Bucket.IsFull(nowMs) && user.Commands.IsFull(nowMs))
                {
                    _users.Remove(id);
                }
            }
        }
    }

    private User GetOrAdd(string id)
    {
        if (!_users.TryGetValue(id, out var user))
        {
            _users[id] = user = new User(id, account, shareBytes);
        }

        return user;
    }
}
