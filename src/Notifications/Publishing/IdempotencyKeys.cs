using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace FastPush.Notifications.Publishing;

/// <summary>
/// Answers a repeated publish with the id of the first. A key stands for an id only once that message is safe; who comes with it meanwhile
/// waits for the outcome. A key is kept as a digest, so all of them cost the same (some 100 bytes), for <paramref name="windowMs"/>. They
/// are bounded in number over all principals: when there is no room, whoever has the most loses the oldest, so nobody can make the node
/// forget the keys of somebody who has fewer.
/// </summary>
/// <param name="windowMs">For how long a key is remembered.</param>
/// <param name="keysMax">How many keys are; a principal counts as <see cref="KeysPerPrincipal"/> more.</param>
public sealed class IdempotencyKeys(long windowMs, int keysMax)
{
    /// <summary>What a principal costs besides their keys.</summary>
    public const int KeysPerPrincipal = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PublisherKeys> _publishers = new(StringComparer.Ordinal);
    private readonly List<PublisherKeys>[] _bySize = [.. Enumerable.Range(0, 32).Select(_ => new List<PublisherKeys>())];
    private int _keys;

    /// <summary>Keys that are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _keys;
            }
        }
    }

    /// <summary>
    /// Begins a publish under <paramref name="keys"/>, each of them once. Null when one of them is being used by another publish of this
    /// principal; then <paramref name="other"/> completes when that is over. All keys or none are claimed, so no two publishes wait for
    /// each other.
    /// </summary>
    public KeyClaim? TryClaim(string principal, IReadOnlyCollection<string> keys, long nowMs, out Task other)
    {
        ArgumentNullException.ThrowIfNull(keys);
        other = Task.CompletedTask;
        if (keys.Count == 0)
        {
            return new KeyClaim(this, new PublisherKeys(principal));
        }

        lock (_lock)
        {
            var publisher = Enter(principal);
            _keys -= publisher.Expire(nowMs - windowMs);
            Place(publisher);
            var digests = new List<(string Key, UInt128 Digest)>(keys.Count);
            foreach (var key in keys)
            {
                var digest = Digest(key);
                if (publisher.Pending.TryGetValue(digest, out var claimed))
                {
                    other = claimed.Ended;
                    return null;
                }

                digests.Add((key, digest));
            }

            var claim = new KeyClaim(this, publisher);
            foreach (var (key, digest) in digests)
            {
                var isKnown = publisher.TryGet(digest, out var id);
                claim.Add(key, digest, isKnown ? id : null);
                if (!isKnown)
                {
                    publisher.Pending[digest] = claim;
                }
            }

            return claim;
        }
    }

    /// <summary>Forgets keys whose time is over. Called from time to time.</summary>
    public void Sweep(long nowMs)
    {
        lock (_lock)
        {
            foreach (var publisher in _publishers.Values)
            {
                _keys -= publisher.Expire(nowMs - windowMs);
                publisher.Trim();
                Place(publisher);
                if (publisher.IsEmpty)
                {
                    Leave(publisher); // A dictionary may lose an entry while it is enumerated.
                }
            }
        }
    }

    internal void Remember(PublisherKeys publisher, KeyClaim claim, IEnumerable<(UInt128 Key, long Id)> keys, long nowMs)
    {
        lock (_lock)
        {
            foreach (var (key, id) in keys)
            {
                if (publisher.Pending.GetValueOrDefault(key) == claim)
                {
                    publisher.Pending.Remove(key);
                    publisher.Add(key, id, nowMs);
                    _keys++;
                    Place(publisher);
                    MakeRoom(publisher);
                }
            }
        }
    }

    internal void Release(PublisherKeys publisher, IEnumerable<UInt128> keys)
    {
        lock (_lock)
        {
            foreach (var key in keys)
            {
                publisher.Pending.Remove(key);
            }
        }
    }

    private static UInt128 Digest(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }

    private PublisherKeys Enter(string principal)
    {
        if (_publishers.TryGetValue(principal, out var publisher))
        {
            return publisher;
        }

        publisher = new PublisherKeys(principal);
        _publishers.Add(principal, publisher);
        _bySize[0].Add(publisher);
        publisher.Index = _bySize[0].Count - 1;
        return publisher;
    }

    private void Leave(PublisherKeys publisher)
    {
        Unlist(publisher);
        _publishers.Remove(publisher.Principal);
    }

    private void MakeRoom(PublisherKeys newest)
    {
        while (_keys + ((long)_publishers.Count * KeysPerPrincipal) > keysMax && _keys > 0)
        {
            // To within a factor of two. Among those with the most, who adds one pays for it, unless that is all they have.
            var most = Array.FindLast(_bySize, list => list.Count > 0)!;
            var payer = most[0].SizeClass == newest.SizeClass && newest.Count > 1 ? newest
                : most[0] == newest ? most[^1]
                : most[0];
            payer.RemoveOldest();
            _keys--;
            Place(payer);
            if (payer.IsEmpty && payer != newest)
            {
                Leave(payer);
            }
        }
    }

    private void Place(PublisherKeys publisher)
    {
        var size = publisher.SizeClassNow;
        if (size != publisher.SizeClass)
        {
            Unlist(publisher);
            _bySize[size].Add(publisher);
            publisher.SizeClass = size;
            publisher.Index = _bySize[size].Count - 1;
        }
    }

    private void Unlist(PublisherKeys publisher)
    {
        var list = _bySize[publisher.SizeClass];
        list[publisher.Index] = list[^1];
        list[publisher.Index].Index = publisher.Index;
        list.RemoveAt(list.Count - 1);
    }
}
