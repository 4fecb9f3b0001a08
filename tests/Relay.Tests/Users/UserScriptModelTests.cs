using System.Globalization;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Users;
using FastPush.Simulation.Fleet;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Users;

/// <summary>
/// The simulation's model of users' scripts against the scripts in Redis: the same random calls must give the same answers and leave the
/// same behind, also when Redis refuses a command in the middle of a script, and no such end may lose a message.
/// </summary>
public sealed class UserScriptModelTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const int Steps = 1500;

    private static readonly string[] s_ids = [.. Enumerable.Range(1000, 60).Select(id => UserEntry.Id(id))];

    private RedisStore _store = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_model_does_what_the_scripts_do(int seed)
    {
        var calls = new RandomCalls(seed);
        string? refused = null;
        var model = new UserModel(command =>
        {
            if (command == refused)
            {
                throw new CommandRefusedException();
            }
        });
        var user = $"u{seed}";
        RedisKey[] keys =
        [
            RedisKeys.Queues(user, "q"),
            RedisKeys.Offline(user, "q"),
            RedisKeys.InFlight(user, "q"),
            RedisKeys.Entries(user, "q"),
            RedisKeys.OfflineBytes(user, "q"),
            RedisKeys.UserHistory(user, "q"),
            RedisKeys.UserHistoryEntries(user, "q"),
        ];
        for (var step = 0; step < Steps; step++)
        {
            var (name, script, arguments) = calls.Next();
            refused = calls.NextRefused();
            var kept = calls.MustKeep(model, name, arguments);
            var expected = calls.AskModel(model, name, arguments);
            var found = await AskAsync(script, keys, arguments, refused);
            var what = $"seed {seed}, step {step}: {name}({string.Join(' ', arguments)}) without {refused ?? "nothing"}";
            Assert.True(Canonical(expected).SequenceEqual(Canonical(found)), $"{what}: {string.Join(' ', found)}");
            Assert.Equal((what, await StateAsync(keys)), (what, StateOf(model)));
            Assert.Equal((what, ""), (what, string.Join(' ', kept.Where(id => !IsThere(model, id)))));
        }

        Assert.InRange(calls.Taken, 100, int.MaxValue);
    }

    // A refusal is an answer of one part, in the model as here.
    private async Task<string[]> AskAsync(string script, RedisKey[] keys, string[] arguments, string? refused)
    {
        var values = Array.ConvertAll(arguments, a => (RedisValue)a);
        if (refused is null)
        {
            return Array.ConvertAll((RedisValue[])await _store.EvalAsync(script, keys, values), RedisModel.Text);
        }

        await redis.Database.ExecuteAsync("ACL", "SETUSER", "default", $"-{refused}");
        try
        {
            return Array.ConvertAll((RedisValue[])await redis.Database.ScriptEvaluateAsync(script, keys, values), RedisModel.Text);
        }
        catch (RedisServerException e) when (RedisFault.IsRefusal(e))
        {
            return [CommandRefusedException.Answer];
        }
        finally
        {
            await redis.Database.ExecuteAsync("ACL", "SETUSER", "default", "+@all");
        }
    }

    private static bool IsThere(UserModel model, string id) =>
        model.Entries.ContainsKey(id) && (model.Offline.Contains(id) || model.InFlight.ContainsKey(id));

    // Tokens of a set, and groups of a scan, come from Redis in any order.
    private static IEnumerable<string> Canonical(string[] answer) => answer.Select(Canonical).Order(StringComparer.Ordinal);

    private static string Canonical(string part) =>
        part.StartsWith(',') ? string.Join(',', part.Split(',').Order(StringComparer.Ordinal)) : part;

    private static string StateOf(UserModel model) => Show(
        model.Queues.Select(f => (f.Key, f.Value)),
        model.Offline,
        model.InFlight.Select(f => (f.Key, f.Value)),
        model.Entries.Select(f => (f.Key, f.Value)),
        model.OfflineBytes?.ToString(CultureInfo.InvariantCulture) ?? "",
        model.History,
        model.HistoryEntries.Select(f => (f.Key, f.Value)));

    private async Task<string> StateAsync(RedisKey[] keys)
    {
        const string dump = """
            return {
              redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[3]),
              redis.call('HGETALL', KEYS[4]), redis.call('GET', KEYS[5]) or '', redis.call('ZRANGE', KEYS[6], 0, -1),
              redis.call('HGETALL', KEYS[7])
            }
            """;
        var parts = (RedisResult[])await _store.EvalAsync(dump, keys, []);
        return Show(
            Pairs(parts[0]), Texts(parts[1]), Pairs(parts[2]), Pairs(parts[3]), Texts(parts[4])[0], Texts(parts[5]), Pairs(parts[6]));
    }

    private static string[] Texts(RedisResult result) => Array.ConvertAll((RedisValue[])result, RedisModel.Text);

    private static IEnumerable<(string, string)> Pairs(RedisResult result) =>
        Texts(result).Chunk(2).Select(pair => (pair[0], pair[1]));

    private static string Show(
        IEnumerable<(string Key, string Value)> queues,
        IEnumerable<string> offline,
        IEnumerable<(string Key, string Value)> inFlight,
        IEnumerable<(string Key, string Value)> entries,
        string bytes,
        IEnumerable<string> history,
        IEnumerable<(string Key, string Value)> historyEntries) =>
        Show(queues) + "\noffline " + string.Join(' ', offline) + " of " + bytes
            + "\n" + Show(inFlight.Select(f => (f.Key, Canonical(f.Value)))) + "\n" + Show(entries)
            + "\nhistory " + string.Join(' ', history) + "\n" + Show(historyEntries);

    private static string Show(IEnumerable<(string Key, string Value)> fields) =>
        string.Join('\n', fields.OrderBy(f => f.Key, StringComparer.Ordinal));

    /// <summary>Calls over few servers, queues and ids, so that they meet.</summary>
    private sealed class RandomCalls(int seed)
    {
        private readonly Random _random = new(seed);

        private static readonly string[] s_commands =
        [
            "DECRBY", "DEL", "GET", "HDEL", "HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET", "HSET", "HSTRLEN", "INCRBY", "LINDEX", "LINSERT",
            "LLEN", "LPOS", "LPUSH", "LRANGE", "LREM", "PEXPIRE", "RPUSH", "SET", "TIME", "ZADD", "ZCARD", "ZRANGE", "ZRANGEBYLEX", "ZREM",
            "ZSCORE",
        ];

        public int Taken { get; private set; }

        public string? NextRefused() => _random.Next(3) == 0 ? s_commands[_random.Next(s_commands.Length)] : null;

        /// <summary>Messages that no such call may lose: all but the one that is over, and such as a full queue lets go.</summary>
        public List<string> MustKeep(UserModel model, string name, string[] arguments)
        {
            var limits = name switch { "accept" or "release" => arguments[3..5], "orphans" => arguments[1..3], _ => null };
            return limits is not null and not ["1000", "100000"]
                ? []
                : [.. s_ids.Where(id => IsThere(model, id) && !(name is "settle" or "withdraw" && id == arguments[0]))];
        }

        public (string Name, string Script, string[] Arguments) Next()
        {
            // Token 1.1 and 11.1, so that no server is taken for another whose name it begins with.
            string[] tokens = ["1.1", "1.2", "11.1", "2.1", "3.7"];
            var alive = "," + string.Concat(tokens.Where(_ => _random.Next(4) > 0).Select(t => t + ','));
            var self = tokens[_random.Next(tokens.Length)];
            var id = Id();
            var attempts = UserEntry.Attempts((byte)_random.Next(3));
            var entry = $"{id}{attempts}001q{new string('x', _random.Next(30))}";
            var (messages, bytes) = (_random.Next(3) == 0 ? "5" : "1000", _random.Next(3) == 0 ? "200" : "100000");
            var portion = _random.Next(3) == 0 ? "60" : "100000";
            var history = _random.Next(4) switch { 0 => "0", 1 => "20", _ => "100" };
            var attempt = $"P{self}:{_random.Next(2)}";
            const string ttl = "600000";
            return _random.Next(17) switch
            {
                < 4 => ("accept", UserScripts.Accept, [id, entry, attempts, messages, bytes, ttl, alive, history, ttl, GivenUp()]),
                < 6 => ("prepare", UserScripts.Prepare, [id, entry, attempts, ttl, attempt, GivenUp()]),
                < 7 => ("withdraw", UserScripts.Withdraw, [id, attempt]),
                < 9 => ("take", UserScripts.Take, [self, ttl, alive, Id(), $"{_random.Next(2)}", portion]),
                < 10 => ("claim", UserScripts.Claim, [self, ttl, alive, Id(), portion, Id(), Id(), Id(), Id()]),
                < 12 => ("release", UserScripts.Release,
                [
                    _random.Next(4) switch { 0 => self[..(self.IndexOf('.', StringComparison.Ordinal) + 1)], 1 => "*", _ => self },
                    id,
                    _random.Next(2) == 0 ? "" : attempts, messages, bytes, ttl, alive, _random.Next(2) == 0 ? "" : entry, history, ttl,
                ]),
                < 13 => ("settle", UserScripts.Settle, [id, _random.Next(2) == 0 ? "" : entry, history, ttl]),
                < 15 => ("leave", UserScripts.Leave, [self]),
                < 16 => ("history", UserScripts.ReadHistory, [self, id, portion]),
                _ => ("orphans", UserScripts.Orphans, [alive, messages, bytes, ttl, self]),
            };
        }

        private string Id() => UserEntry.Id(1000 + _random.Next(60));

        // In Redis' past, or far in its future.
        private string GivenUp() => _random.Next(3) == 0 ? "0" : "99999999999999";

        public string[] AskModel(UserModel model, string name, string[] arguments)
        {
            string[] answer;
            try
            {
                answer = name switch
                {
                    "accept" => model.Accept(arguments, nowMs: 1),
                    "prepare" => model.Prepare(arguments, nowMs: 1),
                    "withdraw" => model.Withdraw(arguments),
                    "take" => model.Take(arguments),
                    "claim" => model.Claim(arguments),
                    "release" => model.Release(arguments),
                    "settle" => [$"{model.Settle(arguments)}"],
                    "leave" => model.Leave(arguments),
                    "history" => model.ReadHistory(arguments),
                    _ => model.Orphans(arguments),
                };
            }
            catch (CommandRefusedException)
            {
                return [CommandRefusedException.Answer];
            }

            if (name == "take")
            {
                Taken += answer.Length - 2 - int.Parse(answer[1], CultureInfo.InvariantCulture);
            }

            return answer;
        }
    }
}

/// <summary>The model's word for NOPERM.</summary>
internal sealed class CommandRefusedException : Exception
{
    public const string Answer = "refused";
}
