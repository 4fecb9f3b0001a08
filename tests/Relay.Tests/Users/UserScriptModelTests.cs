using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Users;
using FastPush.Simulation.Fleet;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Users;

/// <summary>
/// The simulation's model of users' scripts against the scripts in Redis: the same random calls must give the same answers and leave the
/// same behind.
/// </summary>
public sealed class UserScriptModelTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const int Steps = 1500;

    private static readonly string[] s_queues = ["q", "other"];

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
        var model = new UserModel();
        var user = $"u{seed}";
        RedisKey[] keys =
        [
            RedisKeys.Queues(user), RedisKeys.Offline(user), RedisKeys.InFlight(user), RedisKeys.UserHistory(user),
            RedisKeys.OfflineBytes(user),
        ];
        for (var step = 0; step < Steps; step++)
        {
            var (name, script, arguments) = calls.Next();
            var expected = calls.AskModel(model, name, arguments);
            var answer = await _store.EvalAsync(script, keys, Array.ConvertAll(arguments, a => (RedisValue)a));
            var found = Array.ConvertAll((RedisValue[])answer, RedisModel.Text);
            var what = $"seed {seed}, step {step}: {name}({string.Join(' ', arguments)})";
            Assert.True(Canonical(expected).SequenceEqual(Canonical(found)), $"{what}: {string.Join(' ', found)}");
            Assert.Equal((what, await StateAsync(keys)), (what, StateOf(model)));
        }

        Assert.All(s_queues, queue => Assert.InRange(calls.Taken.GetValueOrDefault(queue), 50, int.MaxValue));
    }

    // Tokens of a set, and groups of a scan, come from Redis in any order.
    private static IEnumerable<string> Canonical(string[] answer) => answer.Select(Canonical).Order(StringComparer.Ordinal);

    private static string Canonical(string part) =>
        part.StartsWith(',') ? string.Join(',', part.Split(',').Order(StringComparer.Ordinal)) : part;

    private static string StateOf(UserModel model) => Show(
        model.Queues.Select(f => (f.Key, f.Value)),
        model.Offline,
        model.InFlight.Select(f => (f.Key, f.Value)),
        model.History.Count,
        model.OfflineBytes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "");

    private async Task<string> StateAsync(RedisKey[] keys)
    {
        const string dump = """
            return {
              redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1), redis.call('HGETALL', KEYS[3]),
              redis.call('XLEN', KEYS[4]), redis.call('GET', KEYS[5]) or ''
            }
            """;
        var parts = (RedisResult[])await _store.EvalAsync(dump, keys, []);
        return Show(Pairs(parts[0]), Texts(parts[1]), Pairs(parts[2]), (long)parts[3], Texts(parts[4])[0]);
    }

    private static string[] Texts(RedisResult result) => Array.ConvertAll((RedisValue[])result, RedisModel.Text);

    private static IEnumerable<(string, string)> Pairs(RedisResult result) =>
        Texts(result).Chunk(2).Select(pair => (pair[0], pair[1]));

    private static string Show(
        IEnumerable<(string Key, string Value)> queues,
        IEnumerable<string> offline,
        IEnumerable<(string Key, string Value)> inFlight,
        long history,
        string bytes) =>
        string.Join('\n', queues.OrderBy(f => f.Key, StringComparer.Ordinal))
            + "\noffline " + string.Join(' ', offline) + " of " + bytes
            + "\n" + string.Join('\n', inFlight.Select(f => (f.Key, Canonical(f.Value))).OrderBy(f => f.Key, StringComparer.Ordinal))
            + $"\nhistory {history}";

    /// <summary>Calls over few servers, queues and ids, so that they meet.</summary>
    private sealed class RandomCalls(int seed)
    {
        private readonly Random _random = new(seed);

        public Dictionary<string, int> Taken { get; } = [];

        public (string Name, string Script, string[] Arguments) Next()
        {
            // Token 1.1 and 11.1, so that no server is taken for another whose name it begins with.
            string[] tokens = ["1.1", "1.2", "11.1", "2.1", "3.7"];
            var alive = "," + string.Concat(tokens.Where(_ => _random.Next(4) > 0).Select(t => t + ','));
            var self = tokens[_random.Next(tokens.Length)];
            var queue = s_queues[_random.Next(2)];
            var id = UserEntry.Id(1000 + _random.Next(60));
            var attempts = UserEntry.Attempts((byte)_random.Next(3));
            var entry = $"{id}{attempts}{queue.Length:D3}{queue}{new string('x', _random.Next(30))}";
            var (messages, bytes) = (_random.Next(3) == 0 ? "5" : "1000", _random.Next(3) == 0 ? "200" : "100000");
            const string ttl = "600000";
            return _random.Next(13) switch
            {
                < 4 => ("accept", UserScripts.Accept,
                [
                    id, queue, entry, messages, bytes, ttl, alive, $"{_random.Next(2)}", "100000", ttl, GivenUp(),
                ]),
                < 6 => ("take", UserScripts.Take, [self, queue, ttl, alive, UserEntry.Id(1000 + _random.Next(60)), $"{_random.Next(2)}"]),
                < 8 => ("release", UserScripts.Release,
                [
                    _random.Next(4) switch { 0 => self[..(self.IndexOf('.', StringComparison.Ordinal) + 1)], 1 => "*", _ => self },
                    queue,
                    id,
                    _random.Next(2) == 0 ? "" : attempts, messages, bytes, ttl, alive, _random.Next(2) == 0 ? "" : entry, "100000", ttl,
                ]),
                < 9 => ("settle", UserScripts.Settle, [id, _random.Next(2) == 0 ? "" : entry, "100000", ttl]),
                < 11 => ("leave", UserScripts.Leave, [self, queue]),
                < 12 => ("history", UserScripts.ReadHistory, [self, queue, id]),
                _ => ("orphans", UserScripts.Orphans, [alive, messages, bytes, ttl]),
            };
        }

        // In Redis' past, or far in its future.
        private string GivenUp() => _random.Next(3) == 0 ? "0" : "99999999999999";

        public string[] AskModel(UserModel model, string name, string[] arguments)
        {
            var answer = name switch
            {
                "accept" => model.Accept(arguments, nowMs: 1),
                "take" => model.Take(arguments),
                "release" => model.Release(arguments),
                "settle" => [$"{model.Settle(arguments)}"],
                "leave" => model.Leave(arguments),
                "history" => model.ReadHistory(arguments),
                _ => model.Orphans(arguments),
            };
            if (name == "take")
            {
                Taken[arguments[1]] = Taken.GetValueOrDefault(arguments[1]) + answer.Length;
            }

            return answer;
        }
    }
}
