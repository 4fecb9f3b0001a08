using System.Globalization;
using System.Text;
using FastPush.Relay.Membership;
using FastPush.Relay.Topics;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Simulation.Fleet;

/// <summary>One Redis with the scripts that the simulated parts use. Bytes are text of one character each.</summary>
/// <param name="nowMs">Its clock, Unix ms.</param>
/// <param name="call">Called before each command of a user's script; throws when Redis refuses it, which ends the script there.</param>
internal sealed class RedisModel(Func<long> nowMs, Action<string> call)
{
    private readonly Dictionary<string, OrderedDictionary<string, string>> _interest = [];
    private readonly Dictionary<string, List<string[]>> _topics = [];
    private readonly Dictionary<string, double> _servers = [];
    private SortedDictionary<string, UserModel> _saved = new(StringComparer.Ordinal);
    private long _counter;
    private long _since;
    private int _run;
    private int _knownRun;

    /// <summary>By what their keys name from the tag on: <c>user}:queue</c>.</summary>
    public SortedDictionary<string, UserModel> Users { get; } = new(StringComparer.Ordinal);

    public static string Text(RedisValue value) => Encoding.Latin1.GetString((byte[]?)value ?? []);

    /// <summary>It was restarted without its data.</summary>
    public void Lose()
    {
        Users.Clear();
        _interest.Clear();
        _topics.Clear();
        _servers.Clear();
        _counter = 0;
    }

    /// <summary>A copy of the users' data is put away.</summary>
    public void Save() => _saved = new(Users.ToDictionary(u => u.Key, u => u.Value.Copy()), StringComparer.Ordinal);

    /// <summary>It was restarted with the copy, which knows nothing of what came after it.</summary>
    public void Restore()
    {
        Users.Clear();
        foreach (var (name, model) in _saved)
        {
            Users[name] = model.Copy();
        }
    }

    /// <summary>It is another process from now on.</summary>
    public void Restart() => _run++;

    /// <summary>The gateway's probe: since when the data cannot have gone back.</summary>
    public long Probe()
    {
        if (_knownRun != _run)
        {
            (_knownRun, _since) = (_run, nowMs());
        }

        return _since;
    }

    public long Add(long by) => _counter += by;

    /// <summary>Keys of messages in flight, as a scan returns them.</summary>
    public List<string> InFlightKeys() =>
        [.. Users.Where(u => u.Value.InFlight.Count > 0).Select(u => "push:inflight:{" + u.Key)];

    public RedisResult Eval(string script, RedisKey[] keys, RedisValue[] values)
    {
        var arguments = Array.ConvertAll(values, Text);
        var key = (string)keys[0]!;
        return script switch
        {
            UserScripts.Accept => Answer(User(key).Accept(arguments, nowMs())),
            UserScripts.Prepare => Answer(User(key).Prepare(arguments, nowMs())),
            UserScripts.Withdraw => Answer(User(key).Withdraw(arguments)),
            UserScripts.Claim => Answer(User(key).Claim(arguments)),
            UserScripts.Take => Answer(User(key).Take(arguments)),
            UserScripts.Release => Answer(User(key).Release(arguments)),
            UserScripts.Orphans => Answer(User(key).Orphans(arguments)),
            UserScripts.Settle => RedisResult.Create(User(key).Settle(arguments)),
            UserScripts.ReadHistory => Answer(User(key).ReadHistory(arguments)),
            UserScripts.Leave => Answer(User(key).Leave(arguments)),
            TopicScripts.Watch => Interest(key, 's', arguments, own: 'p'),
            TopicScripts.Join => Interest(key, 'p', arguments, own: 's'),
            TopicScripts.Leave => LeaveTopic(key, arguments),
            TopicScripts.Forget => ForgetTopic(key, arguments),
            TopicScripts.Append => Append(keys, arguments),
            BeatScripts.Beat => Beat(arguments),
            BeatScripts.Leave => Gone(arguments),
            TopicScripts.Read => Range(key),

            // As if something had been trimmed a moment ago.
            TopicScripts.Known => RedisArray.Of([RedisResult.Create(nowMs()), RedisResult.Create(nowMs()), RedisResult.Create(1)]),
            "return redis.call('XRANGE', KEYS[1], '-', '+')" => Range(key),
            _ => throw new NotSupportedException("a script without a model: " + script),
        };
    }

    private static RedisResult Answer(string[] parts) => RedisArray.Of(Array.ConvertAll(parts, p => RedisResult.Create(Value(p))));

    private static RedisValue Value(string bytes) => Encoding.Latin1.GetBytes(bytes);

    private UserModel User(string key)
    {
        var name = key[(key.IndexOf('{', StringComparison.Ordinal) + 1)..];
        if (!Users.TryGetValue(name, out var user))
        {
            Users[name] = user = new UserModel(call);
        }

        return user;
    }

    private RedisResult Interest(string key, char wanted, string[] arguments, char own)
    {
        var interest = InterestOf(key);
        interest[$"{own}:{arguments[0]}"] = "1";
        return Those(interest, wanted, arguments[1]);
    }

    private RedisResult LeaveTopic(string key, string[] arguments)
    {
        var interest = InterestOf(key);
        interest.Remove("s:" + arguments[0]);
        return Those(interest, 'p', arguments[1]);
    }

    private RedisResult ForgetTopic(string key, string[] arguments)
    {
        var interest = InterestOf(key);
        interest.Remove("p:" + arguments[0]);
        return Those(interest, 's', arguments[1]);
    }

    private OrderedDictionary<string, string> InterestOf(string key)
    {
        if (!_interest.TryGetValue(key, out var interest))
        {
            _interest[key] = interest = [];
        }

        return interest;
    }

    private static RedisResult Those(OrderedDictionary<string, string> interest, char wanted, string alive)
    {
        var tokens = "";
        foreach (var field in interest.Keys.ToList())
        {
            if (!alive.Contains($",{field[2..]},", StringComparison.Ordinal))
            {
                interest.Remove(field);
            }
            else if (field[0] == wanted)
            {
                tokens += field[2..] + ',';
            }
        }

        return RedisResult.Create(Value(tokens));
    }

    private RedisResult Append(RedisKey[] keys, string[] arguments)
    {
        var at = 2;
        foreach (var key in keys)
        {
            var name = (string)key!;
            if (!_topics.TryGetValue(name, out var stream))
            {
                _topics[name] = stream = [];
            }

            // What may be trimmed and the time to live bound only what is kept.
            var count = int.Parse(arguments[at + 2], CultureInfo.InvariantCulture);
            stream.Add(arguments[(at + 3)..(at + 3 + count)]);
            at += 3 + count;
        }

        return RedisResult.Create(nowMs());
    }

    private RedisResult Range(string key) => RedisArray.Of([.. _topics.GetValueOrDefault(key, []).Select(Item)]);

    // [stream id, [field, value, ...]]
    private static RedisResult Item(string[] entries) =>
        RedisArray.Of([RedisResult.Create("0-0"), Answer([.. entries.SelectMany(e => new[] { "e", e })])]);

    private RedisResult Beat(string[] arguments)
    {
        var (now, forget) = (nowMs(), double.Parse(arguments[1], CultureInfo.InvariantCulture));
        var before = _servers.TryGetValue(arguments[0], out var at) ? at.ToString("R", CultureInfo.InvariantCulture) : "";
        foreach (var (token, score) in _servers.ToList())
        {
            if (score >= forget - now && score <= now - forget)
            {
                _servers.Remove(token);
            }
        }

        _servers[arguments[0]] = now;
        var listed = _servers.OrderBy(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal);
        return Answer(
        [
            now.ToString(CultureInfo.InvariantCulture),
            before,
            .. listed.SelectMany(s => new[] { s.Key, s.Value.ToString("R", CultureInfo.InvariantCulture) }),
        ]);
    }

    private RedisResult Gone(string[] arguments)
    {
        _servers[arguments[0]] = -nowMs();
        return RedisResult.Create(0);
    }
}
