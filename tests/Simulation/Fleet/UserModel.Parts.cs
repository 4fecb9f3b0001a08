using System.Globalization;
using System.Text;

namespace FastPush.Simulation.Fleet;

/// <summary>What the scripts have in common.</summary>
internal sealed partial class UserModel
{
    // What a history knows by their ids alone.
    private const int Remembered = 1_000;

    /// <summary>The same keys, to be changed apart.</summary>
    public UserModel Copy()
    {
        var copy = new UserModel(call) { OfflineBytes = OfflineBytes };
        Queues.ToList().ForEach(f => copy.Queues.Add(f.Key, f.Value));
        copy.Offline.AddRange(Offline);
        InFlight.ToList().ForEach(f => copy.InFlight.Add(f.Key, f.Value));
        Entries.ToList().ForEach(f => copy.Entries.Add(f.Key, f.Value));
        copy.History.UnionWith(History);
        HistoryEntries.ToList().ForEach(f => copy.HistoryEntries.Add(f.Key, f.Value));
        return copy;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static bool IsIn(string tokens, string token) => tokens.Contains($",{token},", Bytes);

    // What is prepared lives as its publisher's server does.
    private static string Living(string owners, string alive)
    {
        var living = owners.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Where(token => IsIn(alive, token[0] == 'P' ? token[1..].Split(':')[0] : token));
        return "," + string.Concat(living.Select(token => token + ','));
    }

    // string.gsub: from left to right, and a comma that belongs to one match is no part of the next.
    private static string Without(string owners, string self)
    {
        if (self == "*")
        {
            return ",";
        }

        var kept = new StringBuilder();
        for (var at = 0; at < owners.Length;)
        {
            var end = at + 1 + self.Length;
            var matches = string.CompareOrdinal(owners, at, ',' + self, 0, 1 + self.Length) == 0;
            if (matches && self[^1] == '.')
            {
                end = owners.IndexOf(',', end);
            }

            if (matches && end >= 0 && end < owners.Length && owners[end] == ',')
            {
                kept.Append(',');
                at = end + 1;
            }
            else
            {
                kept.Append(owners[at++]);
            }
        }

        return kept.ToString();
    }

    private bool Waits(string id)
    {
        call("LPOS");
        return Offline.Contains(id);
    }

    private bool WasStored(string id)
    {
        call("ZSCORE");
        return History.Contains(id);
    }

    private bool IsHistoryShort()
    {
        call("ZCARD");
        return History.Count < 1000;
    }

    private bool HasHistoryEntry(string id)
    {
        call("HEXISTS");
        return HistoryEntries.ContainsKey(id);
    }

    private long Length(string id)
    {
        call("HSTRLEN");
        return Entries.GetValueOrDefault(id, "").Length;
    }

    private string ReadEntry(string id)
    {
        call("HMGET");
        return Entries.TryGetValue(id, out var entry) ? entry[..20] + Entries.GetValueOrDefault('a' + id, "000") + entry[23..] : "";
    }

    private void Raise(string id, string attempts)
    {
        call("HGET");
        if (string.CompareOrdinal(attempts, Entries.GetValueOrDefault('a' + id, "000")) > 0)
        {
            call("HSET");
            Entries['a' + id] = attempts;
        }
    }

    private void Remember(string id, string entry, string messages)
    {
        if (messages == "0")
        {
            return;
        }

        call("ZADD");
        History.Add(id);
        call("HSET");
        HistoryEntries[id] = entry;
        call("HLEN");
        if (HistoryEntries.Count > Number(messages))
        {
            call("ZRANGE");
            call("HDEL");
            HistoryEntries.Remove(History.Reverse().ElementAt((int)Number(messages)));
        }

        call("ZCARD");
        if (History.Count > Number(messages) + Remembered)
        {
            call("ZRANGE");
            call("HDEL");
            HistoryEntries.Remove(History.Min!);
            call("ZREM");
            History.Remove(History.Min!);
        }

        call("PEXPIRE");
    }

    private void Keep(string id, string entry, string attempts)
    {
        call("HSET");
        Entries[id] = entry;
        Entries['a' + id] = attempts;
        call("PEXPIRE");
    }

    private void Forget(string id)
    {
        call("HDEL");
        Entries.Remove(id);
        Entries.Remove('a' + id);
    }

    private void Own(string id, string owners)
    {
        call("HSET");
        InFlight[id] = owners;
        call("PEXPIRE");
    }

    private List<string> TakeWaiting(string self, long bytes)
    {
        call("LRANGE");
        var (size, moved) = (0L, 0);
        var taken = new List<string>();
        foreach (var id in Offline.Take(256).ToList())
        {
            var length = Length(id);
            if (size > 0 && size + length > bytes)
            {
                break;
            }

            size += length;
            moved++;
            call("HEXISTS");
            var isHalfDone = InFlight.ContainsKey(id);
            if (!isHalfDone)
            {
                Own(id, $",{self},");
            }

            taken.Add(isHalfDone ? "" : ReadEntry(id));
            call("LREM");
            Offline.Remove(id);
        }

        if (moved == 0)
        {
            return taken;
        }

        call("LLEN");
        if (Offline.Count > 0)
        {
            call("DECRBY");
            OfflineBytes = (OfflineBytes ?? 0) - size;
        }
        else
        {
            call("DEL");
            OfflineBytes = null;
        }

        call("PEXPIRE");
        return taken;
    }

    private string Holders(string alive)
    {
        call("HGETALL");
        var living = Queues.Select(q => q.Key + '.' + q.Value).Where(token => IsIn(alive, token)).ToList();
        return living.Count == 0 ? "" : "," + string.Concat(living.Select(token => token + ','));
    }

    private void Put(string id)
    {
        call("LINDEX");
        if (Offline.Count == 0 || string.CompareOrdinal(Offline[^1], id) < 0)
        {
            call("RPUSH");
            Offline.Add(id);
        }
        else
        {
            call("LINDEX");
            if (string.CompareOrdinal(id, Offline[0]) < 0)
            {
                call("LPUSH");
                Offline.Insert(0, id);
            }
            else
            {
                call("LRANGE");
                if (Offline.Contains(id))
                {
                    return;
                }

                call("LINSERT");
                Offline.Insert(Offline.FindLastIndex(other => string.CompareOrdinal(other, id) < 0) + 1, id);
            }
        }

        var length = Length(id);
        call("INCRBY");
        OfflineBytes = (OfflineBytes ?? 0) + length;
    }

    private string[] Trim(List<string> told, long messages, long bytes)
    {
        call("LLEN");
        call("GET");
        var (count, size) = (Offline.Count, OfflineBytes ?? 0);
        while (count > messages || (size > bytes && count > 1))
        {
            call("LINDEX");
            var id = Offline[0];
            count--;
            size -= Length(id);
            call("SET");
            OfflineBytes = size;
            call("LREM");
            Offline.RemoveAt(0);
            Forget(id);
            told.Add(id);
        }

        call("PEXPIRE");
        return [.. told];
    }
}
