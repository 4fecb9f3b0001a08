using System.Globalization;
using FastPush.Relay.Users;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// The keys of one queue of a user in Redis, and the scripts of <see cref="UserScripts"/> in C#, line by line, on text of one character a
/// byte. That it does as Redis does is tested in <c>tests/Relay.Tests/Users</c>. Times to live are days and not modelled.
/// </summary>
/// <param name="call">Called before each command; throws when Redis refuses it, which ends the script there.</param>
internal sealed partial class UserModel(Action<string> call)
{
    private const StringComparison Bytes = StringComparison.Ordinal;

    /// <summary><c>push:queues</c>: server to epoch.</summary>
    public OrderedDictionary<string, string> Queues { get; } = [];

    /// <summary><c>push:offline</c>: ids in order.</summary>
    public List<string> Offline { get; } = [];

    /// <summary><c>push:inflight</c>: id to owners.</summary>
    public OrderedDictionary<string, string> InFlight { get; } = [];

    /// <summary><c>push:entries</c>: id to entry, <c>a</c>id to attempts.</summary>
    public Dictionary<string, string> Entries { get; } = [];

    /// <summary><c>push:history</c>.</summary>
    public SortedSet<string> History { get; } = new(StringComparer.Ordinal);

    /// <summary><c>push:history-entries</c>.</summary>
    public Dictionary<string, string> HistoryEntries { get; } = [];

    /// <summary><c>push:offline-bytes</c>; null = there is none.</summary>
    public long? OfflineBytes { get; private set; }

    public string[] Accept(string[] a, long nowMs)
    {
        var (id, entry, attempts) = (a[0], a[1], a[2]);
        call("HGET");
        var known = InFlight.GetValueOrDefault(id);
        if (known is not null && !known.StartsWith(",P", Bytes))
        {
            return [known];
        }

        if (known is null && (Waits(id) || WasStored(id)))
        {
            return [""];
        }

        call("TIME");
        Keep(id, entry, nowMs > Number(a[9]) && attempts == "000" ? "001" : attempts);
        var owners = Holders(a[6]);
        if (owners.Length == 0)
        {
            Put(id);
            if (known is not null)
            {
                call("HDEL");
                InFlight.Remove(id);
            }

            Remember(id, entry, a[7]);
            return Trim([""], Number(a[3]), Number(a[4]));
        }

        Own(id, owners);
        Remember(id, entry, a[7]);
        return [owners];
    }

    public string[] Prepare(string[] a, long nowMs)
    {
        var id = a[0];
        call("HEXISTS");
        if (InFlight.ContainsKey(id) || Waits(id) || WasStored(id))
        {
            return ["0"];
        }

        call("TIME");
        if (nowMs > Number(a[5]))
        {
            return ["0"];
        }

        Keep(id, a[1], a[2]);
        Own(id, $",{a[4]},");
        return ["1"];
    }

    public string[] Withdraw(string[] a)
    {
        call("HGET");
        if (InFlight.GetValueOrDefault(a[0]) != $",{a[1]},")
        {
            return ["0"];
        }

        call("HDEL");
        InFlight.Remove(a[0]);
        Forget(a[0]);
        return ["1"];
    }

    public string[] Take(string[] a)
    {
        var (self, alive, threshold) = (a[0], a[2], a[3]);
        var dot = self.IndexOf('.', Bytes);
        call("HSET");
        Queues[self[..dot]] = self[(dot + 1)..];
        call("PEXPIRE");
        call("HGETALL");
        foreach (var (server, epoch) in Queues.ToList())
        {
            if (!IsIn(alive, server + '.' + epoch))
            {
                call("HDEL");
                Queues.Remove(server);
            }
        }

        call("HGETALL");
        var claims = new List<string>();
        foreach (var (id, owners) in InFlight)
        {
            var isOwn = IsIn(owners, self);
            if (isOwn ? string.CompareOrdinal(id, threshold) <= 0 || a[4] == "1" : Living(owners, alive) == ",")
            {
                claims.Add(id);
            }
        }

        var taken = TakeWaiting(self, Number(a[5]));
        return [taken.Count > 0 && Offline.Count > 0 ? "1" : "0", Text(claims.Count), .. claims, .. taken.Where(e => e.Length > 0)];
    }

    public string[] Claim(string[] a)
    {
        var (self, alive, threshold) = (a[0], a[2], a[3]);
        var (looked, size) = (0, 0L);
        var claimed = new List<string>();
        foreach (var id in a.AsSpan(5))
        {
            call("HGET");
            var owners = InFlight.GetValueOrDefault(id);
            var isOwn = owners is not null && IsIn(owners, self);
            if (isOwn || (owners is not null && Living(owners, alive) == ","))
            {
                var length = Length(id);
                if (size > 0 && size + length > Number(a[4]))
                {
                    break;
                }

                size += length;
                if (!isOwn)
                {
                    Own(id, $",{self},");
                }

                if (!isOwn || string.CompareOrdinal(id, threshold) <= 0)
                {
                    Raise(id, "001");
                }

                claimed.Add(ReadEntry(id));
            }

            looked++;
        }

        return [Text(looked), .. claimed.Where(e => e.Length > 0)];
    }

    public string[] Release(string[] a)
    {
        var (self, id, attempts, entry) = (a[0], a[1], a[2], a[7]);
        call("HGET");
        if (InFlight.TryGetValue(id, out var owners))
        {
            owners = Without(owners, self);
            if (Living(owners, a[6]) != ",")
            {
                Own(id, owners);
                Raise(id, attempts);
                return [];
            }

            Raise(id, attempts);
        }
        else
        {
            if (Waits(id))
            {
                Raise(id, attempts);
                return [];
            }

            if (entry.Length == 0 || WasStored(id))
            {
                return [];
            }

            Keep(id, entry, string.CompareOrdinal(attempts, entry[20..23]) > 0 ? attempts : entry[20..23]);
        }

        Put(id);
        if (owners is not null)
        {
            call("HDEL");
            InFlight.Remove(id);
        }
        else
        {
            Remember(id, entry, a[8]);
        }

        return Trim([Holders(a[6])], Number(a[3]), Number(a[4]));
    }

    public long Settle(string[] a)
    {
        var id = a[0];
        if (a[1].Length > 0 && !WasStored(id))
        {
            Remember(id, a[1], a[2]);
        }

        var waits = Waits(id);
        if (waits)
        {
            var length = Length(id);
            call("DECRBY");
            OfflineBytes = (OfflineBytes ?? 0) - length;
            call("LREM");
            Offline.Remove(id);
        }

        call("HDEL");
        InFlight.Remove(id);
        Forget(id);
        return waits ? 1 : 0;
    }

    public string[] Leave(string[] a)
    {
        var self = a[0];
        var dot = self.IndexOf('.', Bytes);
        call("HGET");
        if (Queues.GetValueOrDefault(self[..dot]) == self[(dot + 1)..])
        {
            call("HDEL");
            Queues.Remove(self[..dot]);
        }

        call("HGETALL");
        return [.. InFlight.Where(f => IsIn(f.Value, self)).Select(f => f.Key)];
    }

    public string[] Orphans(string[] a)
    {
        var (moved, mine) = (0, 0);
        call("HGETALL");
        foreach (var (id, owners) in InFlight.ToList())
        {
            if (Living(owners, a[0]) != ",")
            {
                mine += IsIn(owners, a[4]) ? 1 : 0;
                continue;
            }

            call("HEXISTS");
            if (Entries.ContainsKey(id))
            {
                Raise(id, "001");
                Put(id);
                moved++;
            }

            call("HDEL");
            InFlight.Remove(id);
        }

        string[] told = [Text(moved), Holders(a[0]), Text(mine)];
        if (moved > 0)
        {
            Trim([], Number(a[1]), Number(a[2]));
        }

        return told;
    }

    public string[] ReadHistory(string[] a)
    {
        var (self, after) = (a[0], a[1]);
        call("ZRANGEBYLEX");
        var ids = History.Where(id => string.CompareOrdinal(id, after) > 0).Take(256).ToArray();
        var known = "0";
        if (ids.Length == 0 || HasHistoryEntry(ids[0]))
        {
            known = WasStored(after) ? "1" : IsHistoryShort() ? "2" : "0";
        }

        var (next, size) = ("", 0L);
        var shown = new List<string>();
        for (var i = 0; i < ids.Length; i++)
        {
            call("HSTRLEN");
            if (HistoryEntries.TryGetValue(ids[i], out var entry))
            {
                if (size > 0 && size + entry.Length > Number(a[2]))
                {
                    break;
                }

                size += entry.Length;
                call("HGET");
                shown.Add(entry);
                call("HGET");
                if (InFlight.TryGetValue(ids[i], out var owners) ? !IsIn(owners, self) : Waits(ids[i]))
                {
                    Raise(ids[i], "001");
                }
            }

            next = i + 1 < ids.Length || i == 255 ? ids[i] : "";
        }

        return [next, known, .. shown];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
