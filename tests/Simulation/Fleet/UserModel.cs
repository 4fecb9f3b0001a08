using System.Globalization;
using FastPush.Relay.Users;

namespace FastPush.Simulation.Fleet;

/// <summary>
/// The keys of one user in Redis, and the scripts of <see cref="UserScripts"/> in C#, line by line, on text of one character a byte.
/// That it does as Redis does is tested in <c>tests/Relay.Tests/Users</c>. Times to live are days and not modelled.
/// </summary>
/// <param name="call">Called before each command; throws when Redis refuses it, which ends the script there.</param>
internal sealed partial class UserModel(Action<string> call)
{
    private const StringComparison Bytes = StringComparison.Ordinal;

    /// <summary><c>push:queues</c>: server and queue to epoch, in the order of their coming.</summary>
    public OrderedDictionary<string, string> Queues { get; } = [];

    /// <summary><c>push:offline</c>.</summary>
    public List<string> Offline { get; } = [];

    /// <summary><c>push:inflight</c>.</summary>
    public OrderedDictionary<string, string> InFlight { get; } = [];

    /// <summary><c>push:history</c>, never trimmed.</summary>
    public List<string> History { get; } = [];

    /// <summary><c>push:offline-bytes</c>; null = there is none.</summary>
    public long? OfflineBytes { get; private set; }

    public string[] Accept(string[] a, long nowMs)
    {
        var (id, queue, entry) = (a[0], a[1], a[2]);
        call("HGET");
        if (InFlight.TryGetValue('o' + id, out var known))
        {
            return [known];
        }

        var owners = Holders(queue, a[6]);
        if (a[7] == "1" || owners.Length > 0)
        {
            call("LRANGE");
            if (Offline.Exists(e => e[..20] == id))
            {
                return [""];
            }
        }

        if ((a[7] == "1" || IsLate(id)) && WasStored(id))
        {
            return [""];
        }

        call("TIME");
        entry = nowMs > Number(a[10]) ? Attempted(entry) : entry;
        if (owners.Length == 0)
        {
            Put(entry);
            Remember(entry, a[8]);
            return Trim([""], Number(a[3]), Number(a[4]));
        }

        Own(id, entry, owners);
        call("PEXPIRE");
        Remember(entry, a[8]);
        return [owners];
    }

    public string[] Take(string[] a)
    {
        var (self, queue, alive, threshold) = (a[0], a[1], a[3], a[4]);
        var dot = self.IndexOf('.', Bytes);
        call("HSET");
        Queues[self[..dot] + ':' + queue] = self[(dot + 1)..];
        call("PEXPIRE");
        call("HGETALL");
        foreach (var (field, epoch) in Queues.ToList())
        {
            if (!IsIn(alive, field[..field.IndexOf(':', Bytes)] + '.' + epoch))
            {
                call("HDEL");
                Queues.Remove(field);
            }
        }

        call("HGETALL");
        var taken = new List<string>();
        foreach (var (id, stored) in InFlight.ToList())
        {
            if (id[0] == 'o' || QueueOf(stored) != queue)
            {
                continue;
            }

            var owners = InFlight.GetValueOrDefault('o' + id, ",");
            if (IsIn(owners, self))
            {
                if (string.CompareOrdinal(id, threshold) <= 0)
                {
                    taken.Add(Attempted(stored));
                }
                else if (a[5] == "1")
                {
                    taken.Add(stored);
                }
            }
            else if (Living(owners, alive) == ",")
            {
                Own(id, Attempted(stored), $",{self},");
                taken.Add(Attempted(stored));
            }
        }

        TakeWaiting(self, queue, taken);
        taken.Sort((x, y) => string.CompareOrdinal(x, 0, y, 0, 20));
        return [.. taken];
    }

    public string[] Release(string[] a)
    {
        var (self, queue, id, entry) = (a[0], a[1], a[2], a[8]);
        call("HGET");
        if (InFlight.TryGetValue('o' + id, out var owners))
        {
            owners = Without(owners, self);
            if (Living(owners, a[7]) != ",")
            {
                call("HSET");
                InFlight['o' + id] = owners;
                call("HGET");
                if (InFlight.TryGetValue(id, out var kept) && string.CompareOrdinal(a[3], kept[20..23]) > 0)
                {
                    call("HSET");
                    InFlight[id] = kept[..20] + a[3] + kept[23..];
                }

                return [];
            }

            call("HGET");
            entry = InFlight.GetValueOrDefault(id, "");
        }
        else if (Mark(id, a[3]))
        {
            return [];
        }

        if (entry.Length == 0 || (owners is null && WasStored(id)))
        {
            return [];
        }

        Put(string.CompareOrdinal(a[3], entry[20..23]) > 0 ? entry[..20] + a[3] + entry[23..] : entry);
        if (owners is null)
        {
            Remember(entry, a[9]);
        }
        else
        {
            call("HDEL");
            InFlight.Remove(id);
            InFlight.Remove('o' + id);
        }

        return Trim([Holders(queue, a[7])], Number(a[4]), Number(a[5]));
    }

    public long Settle(string[] a)
    {
        var id = a[0];
        if (a[1].Length > 0 && !WasStored(id))
        {
            Remember(a[1], a[2]);
        }

        call("HDEL");
        if (InFlight.Remove(id) | InFlight.Remove('o' + id))
        {
            return 0;
        }

        call("LRANGE");
        var at = Offline.FindIndex(e => e[..20] == id);
        if (at < 0)
        {
            return 0;
        }

        var bytes = Offline[at].Length;
        call("LREM");
        Offline.RemoveAt(at);
        call("DECRBY");
        OfflineBytes = (OfflineBytes ?? 0) - bytes;
        return 1;
    }

    public string[] Leave(string[] a)
    {
        var (self, queue) = (a[0], a[1]);
        var dot = self.IndexOf('.', Bytes);
        var holder = self[..dot] + ':' + queue;
        call("HGET");
        if (Queues.GetValueOrDefault(holder) == self[(dot + 1)..])
        {
            call("HDEL");
            Queues.Remove(holder);
        }

        call("HGETALL");
        return
        [
            .. InFlight
                .Where(f => f.Key[0] == 'o' && IsIn(f.Value, self))
                .Where(f => InFlight.TryGetValue(f.Key[1..], out var entry) && QueueOf(entry) == queue)
                .Select(f => f.Key[1..]),
        ];
    }

    public string[] ReadHistory(string[] a)
    {
        var (self, queue, after) = (a[0], a[1], a[2]);
        call("XRANGE");
        var shown = History.FindAll(e => string.CompareOrdinal(e, 0, after, 0, 20) > 0 && QueueOf(e) == queue);
        foreach (var id in shown.Select(e => e[..20]))
        {
            call("HGET");
            if (InFlight.TryGetValue('o' + id, out var owners) && !IsIn(owners, self))
            {
                call("HGET");
                call("HSET");
                InFlight[id] = Attempted(InFlight[id]);
            }
        }

        if (shown.Count > 0)
        {
            call("LRANGE");
        }

        for (var at = 0; at < Offline.Count; at++)
        {
            if (shown.Exists(e => e[..20] == Offline[at][..20]) && Attempted(Offline[at]) != Offline[at])
            {
                call("LSET");
                Offline[at] = Attempted(Offline[at]);
            }
        }

        return [.. shown];
    }

    public string[] Orphans(string[] a)
    {
        call("HGETALL");
        var moved = 0;
        var queues = new List<string>();
        foreach (var (field, owners) in InFlight.ToList())
        {
            if (field[0] != 'o' || Living(owners, a[0]) != ",")
            {
                continue;
            }

            if (InFlight.TryGetValue(field[1..], out var entry))
            {
                Put(Attempted(entry));
                moved++;
                if (!queues.Contains(QueueOf(entry)))
                {
                    queues.Add(QueueOf(entry));
                }
            }

            call("HDEL");
            InFlight.Remove(field);
            InFlight.Remove(field[1..]);
        }

        string[] told = [moved.ToString(CultureInfo.InvariantCulture), .. queues.SelectMany(q => new[] { q, Holders(q, a[0]) })];
        if (moved > 0)
        {
            Trim([], Number(a[1]), Number(a[2]));
        }

        return told;
    }
}
