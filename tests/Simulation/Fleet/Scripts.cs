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
        UserScripts.Take => "take",
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
            var id = model.Offline[i][..20];
            if (i > 0 && string.CompareOrdinal(model.Offline[i - 1], 0, id, 0, 20) >= 0)
            {
                fail($"the offline queue of {user} is out of order or holds {id} twice");
            }

            if (model.InFlight.ContainsKey(id))
            {
                fail($"{id} of {user} is in the offline queue and in flight");
            }
        }

        if ((model.OfflineBytes ?? 0) != model.Offline.Sum(e => (long)e.Length))
        {
            fail($"the offline queue of {user} counts {model.OfflineBytes} bytes");
        }

        foreach (var field in model.InFlight.Keys)
        {
            if (!model.InFlight.ContainsKey(field[0] == 'o' ? field[1..] : 'o' + field))
            {
                fail($"of {field} of {user} only one half is in flight");
            }
        }
    }

    // An entry by its id and attempts.
    private static string Show(string text) =>
        text.Length > 26 && text.AsSpan(0, 26).IndexOfAnyExceptInRange('0', '9') < 0
            ? $"[{text[..20]} {text[20..23]}]"
            : new StringBuilder("'").Append(text).Append('\'').ToString();
}
