using System.Globalization;
using System.Text;

namespace FastPush.Simulation.Fleet;

/// <summary>What the scripts have in common.</summary>
internal sealed partial class UserModel
{
    private static string Attempted(string entry) => entry[20..23] == "000" ? entry[..20] + "001" + entry[23..] : entry;

    private static string QueueOf(string entry) => entry.Substring(26, (int)Number(entry[23..26]));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static bool IsIn(string tokens, string token) => tokens.Contains($",{token},", Bytes);

    private static string Living(string owners, string alive)
    {
        var living = owners.Split(',', StringSplitOptions.RemoveEmptyEntries).Where(token => IsIn(alive, token));
        return "," + string.Concat(living.Select(token => token + ','));
    }

    // string.gsub: from left to right, and a comma that belongs to one match is no part of the next.
    private void Remember(string entry, string messages)
    {
        if (messages != "0")
        {
            call("XADD");
            History.Add(entry);
            call("PEXPIRE");
        }
    }

    private void Own(string id, string entry, string owners)
    {
        call("HSET");
        InFlight[id] = entry;
        InFlight['o' + id] = owners;
    }

    private bool Mark(string id, string attempts)
    {
        call("LRANGE");
        var at = Offline.FindIndex(e => e[..20] == id);
        if (at >= 0 && string.CompareOrdinal(attempts, Offline[at][20..23]) > 0)
        {
            call("LSET");
            Offline[at] = id + attempts + Offline[at][23..];
        }

        return at >= 0;
    }

    private bool IsLate(string id)
    {
        call("XREVRANGE");
        return History.Count > 0 && string.CompareOrdinal(History[^1], 0, id, 0, 20) >= 0;
    }

    private bool WasStored(string id)
    {
        call("XREVRANGE");
        return History.Exists(e => e[..20] == id);
    }

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

    private void TakeWaiting(string self, string queue, List<string> taken)
    {
        call("LRANGE");
        var moved = Offline.FindAll(entry => QueueOf(entry) == queue);
        foreach (var entry in moved.Where(entry => !InFlight.ContainsKey('o' + entry[..20])))
        {
            Own(entry[..20], entry, $",{self},");
            taken.Add(entry);
        }

        if (taken.Count > 0)
        {
            call("PEXPIRE");
        }

        if (moved.Count == Offline.Count && moved.Count > 0)
        {
            call("DEL");
            Offline.Clear();
            OfflineBytes = null;
        }
        else if (moved.Count > 0)
        {
            foreach (var entry in moved)
            {
                call("LREM");
                Offline.Remove(entry);
            }

            call("SET");
            OfflineBytes = Offline.Sum(e => (long)e.Length);
            call("PEXPIRE");
        }
    }

    private string Holders(string queue, string alive)
    {
        call("HGETALL");
        var tokens = new StringBuilder(",");
        foreach (var (field, epoch) in Queues)
        {
            var colon = field.IndexOf(':', Bytes);
            var token = field[..colon] + '.' + epoch;
            if (field[(colon + 1)..] == queue && IsIn(alive, token))
            {
                tokens.Append(token).Append(',');
            }
        }

        return tokens.Length == 1 ? "" : tokens.ToString();
    }

    private void Put(string entry)
    {
        call("LINDEX");
        var at = Offline.Count;
        while (at > 0 && string.CompareOrdinal(Offline[at - 1], 0, entry, 0, 20) > 0)
        {
            at--;
        }

        if (at < Offline.Count || (at > 0 && Offline[at - 1][..20] == entry[..20]))
        {
            call("LINDEX");
            if (at > 0)
            {
                call("LRANGE");
                if (Offline[at - 1][..20] == entry[..20])
                {
                    return;
                }
            }

            call(at > 0 ? "LINSERT" : "LPUSH");
        }
        else
        {
            call("RPUSH");
        }

        Offline.Insert(at, entry);
        call("INCRBY");
        OfflineBytes = (OfflineBytes ?? 0) + entry.Length;
    }

    private string[] Trim(List<string> told, long messages, long bytes)
    {
        call("LLEN");
        call("GET");
        var size = OfflineBytes ?? 0;
        while (Offline.Count > messages || (size > bytes && Offline.Count > 1))
        {
            call("LINDEX");
            size -= Offline[0].Length;
            call("SET");
            OfflineBytes = size;
            call("LPOP");
            told.Add(Offline[0][..20]);
            Offline.RemoveAt(0);
        }

        call("PEXPIRE");
        return [.. told];
    }
}
