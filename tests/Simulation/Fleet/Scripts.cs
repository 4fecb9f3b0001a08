using System.Text;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Simulation.Fleet;

/// <summary>Users' scripts for people, and what holds after each of them.</summary>
internal static class Scripts
{
    public static string? NameOf(string script) => script switch
    {
        UserScripts.Accept => "accept",
        UserScripts.Prepare => "prepare",
        UserScripts.Withdraw => "withdraw",
        UserScripts.Take => "take",
        UserScripts.Claim => "claim",
        UserScripts.Release => "release",
        UserScripts.Settle => "settle",
        UserScripts.Leave => "leave",
        UserScripts.Orphans => "orphans",
        UserScripts.ReadHistory => "history",
        _ => null,
    };

    public static string Show(RedisValue[] values) => string.Join(' ', values.Select(v => Show(RedisModel.Text(v))));

    public static string Show(RedisResult result) =>
        string.Join(' ', ((RedisValue[])result).Select(v => Show(RedisModel.Text(v))));

    /// <summary>A message is in one place, once; the queue is in order, and its bytes are counted.</summary>
    public static void Check(string user, UserModel model, Action<string> fail)
    {
        for (var i = 0; i < model.Offline.Count; i++)
        {
            var id = model.Offline[i];
            if (i > 0 && string.CompareOrdinal(model.Offline[i - 1], id) >= 0)
            {
                fail($"the offline queue of {user} is out of order or holds {id} twice");
            }

            if (model.InFlight.ContainsKey(id))
            {
                fail($"{id} of {user} is in the offline queue and in flight");
            }
        }

        var there = model.Offline.Concat(model.InFlight.Keys).ToHashSet();
        if (there.Count != model.Entries.Count / 2 || !there.All(model.Entries.ContainsKey))
        {
            fail($"of {user} are there {string.Join(' ', there)}, and the entries of {string.Join(' ', model.Entries.Keys)}");
        }

        if ((model.OfflineBytes ?? 0) != model.Offline.Sum(id => (long)model.Entries[id].Length))
        {
            fail($"the offline queue of {user} counts {model.OfflineBytes} bytes");
        }
    }

    // An entry by its id and attempts.
    private static string Show(string text) =>
        text.Length > 26 && text.AsSpan(0, 26).IndexOfAnyExceptInRange('0', '9') < 0
            ? $"[{text[..20]} {text[20..23]}]"
            : new StringBuilder("'").Append(text).Append('\'').ToString();
}
