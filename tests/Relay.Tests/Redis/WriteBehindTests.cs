using System.Collections.Concurrent;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Redis;

/// <summary>What waits of one user, and what that is to others.</summary>
public sealed class WriteBehindTests : IAsyncLifetime, IDisposable
{
    private readonly Target _target = new();
    private readonly Store _store = new();
    private readonly WriteBehind<Write> _writer;

    public WriteBehindTests()
    {
        _writer = new WriteBehind<Write>(_store, _target, TimeProvider.System, NullLogger.Instance);
        _writer.Start();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _target.Blocked.TrySetResult();
        await _writer.StopAsync(TimeSpan.FromSeconds(1));
    }

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task Nobody_waits_for_what_another_has_asked_for()
    {
        for (var i = 0; i < 10_000; i++)
        {
            _writer.Add(new Write("greedy", i, Kind.Blocked));
        }

        _writer.Add(new Write("other", 1));
        await Until.TrueAsync(() => _target.Done.Contains("other 1"));
        Assert.Single(_target.Done);
        Assert.InRange(_target.Started, 1, 100);
    }

    [Fact]
    public async Task What_failed_is_done_again_in_its_order_while_others_go_on()
    {
        _target.IsFailing = true;
        _writer.Add(new Write("u", 1, Kind.Failing));
        _writer.Add(new Write("u", 2));
        await Until.TrueAsync(() => _target.Started > 1);
        _writer.Add(new Write("u", 3));
        _writer.Add(new Write("other", 4));
        await Until.TrueAsync(() => _target.Done.Contains("other 4"));
        _target.IsFailing = false;
        await Until.TrueAsync(() => _target.Done.Contains("u 3"));
        Assert.Equal(["u 2", "u 1", "u 3"], _target.Done.Where(done => done[0] == 'u'));
    }

    [Fact]
    public async Task Too_many_questions_of_one_user_are_refused_and_no_change_is()
    {
        _writer.Add(new Write("u", 0, Kind.Blocked));
        await Until.TrueAsync(() => _target.Started == 1);
        for (var i = 0; i < WriteBehind<Write>.QuestionsMax; i++)
        {
            Assert.NotNull(_writer.Place(new Write("u", i, Kind.Question)));
        }

        Assert.Null(_writer.Place(new Write("u", -1, Kind.Question)));
        Assert.Contains("u -1: more of this user's requests wait for Redis than may", _target.Failed);
        var write = new Write("u", 1);
        var change = _writer.Place(write);
        Assert.True(_writer.TryWithdraw(write, change!));
        Assert.False(_writer.TryWithdraw(write, change!));
        Assert.NotNull(_writer.Place(new Write("u", 2)));
        Assert.NotNull(_writer.Place(new Write("other", 3, Kind.Question)));
        _target.Blocked.SetResult();
        await Until.TrueAsync(() => _target.Done.Contains("u 2"));
        Assert.DoesNotContain("u 1", _target.Done.SkipWhile(done => done != $"u {WriteBehind<Write>.QuestionsMax - 1}").Skip(1));
    }

    [Fact]
    public async Task While_the_store_is_away_changes_wait_and_questions_do_not()
    {
        _store.IsUp = false;
        Assert.NotNull(_writer.Place(new Write("u", 1)));
        Assert.Null(_writer.Place(new Write("u", 2, Kind.Question)));
        Assert.Contains("u 2: it is away", _target.Failed);
        Assert.Empty(_target.Done);
        _store.IsUp = true;
        await Until.TrueAsync(() => _target.Done.Contains("u 1"));
    }

    private enum Kind
    {
        Change,
        Blocked,
        Failing,
        Question,
    }

    private readonly record struct Write(string User, int Number, Kind Kind = Kind.Change);

    private sealed class Target : IWriteBehind<Write>
    {
        private int _started;

        public TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsFailing { get; set; }

        public int Started => Volatile.Read(ref _started);

        public ConcurrentQueue<string> Done { get; } = new();

        public ConcurrentQueue<string> Failed { get; } = new();

        public string LineOf(Write write) => write.User;

        public Task ExecuteAsync(Write write, bool isAgain)
        {
            Interlocked.Increment(ref _started);
            return write.Kind switch
            {
                Kind.Blocked => Blocked.Task,
                Kind.Failing when IsFailing => Task.FromException(new StoreUnavailableException("it fails")),
                _ => Task.CompletedTask,
            };
        }

        public bool IsRetried(Write write) => write.Kind != Kind.Question;

        public bool MayBeRefused(Write write) => write.Kind == Kind.Question;

        public bool MustFollow(Write write, List<Write> portion) => false;

        public void End(Write write, Exception? fault)
        {
            if (fault is null)
            {
                Done.Enqueue($"{write.User} {write.Number}");
            }
            else
            {
                Failed.Enqueue($"{write.User} {write.Number}: {fault.Message}");
            }
        }
    }

    private sealed class Store : IScriptStore
    {
        public event Action? Up
        {
            add => throw new NotSupportedException();
            remove => throw new NotSupportedException();
        }

        public bool IsUp { get; set; } = true;

        public int CallTimeoutMs => 1_000;

        public string Reason => "it is away";

        public long Generation => 0;

        public long UnsureUntilMs => 0;

        public bool IsCluster => false;

        public int SlotOf(RedisKey key) => 0;

        public Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values) => throw new NotSupportedException();

        public Task<long> IncrementAsync(string key, long by) => throw new NotSupportedException();

        public IEnumerable<string> Keys(string prefix) => throw new NotSupportedException();
    }
}
