using FastPush.Gateway.Tests.Testing;
using FastPush.Relay.Offline;

namespace FastPush.Simulation;

/// <summary>
/// The embedded offline queue behind a server that answers when the world lets it, in the order of the calls: as a queue on another
/// machine would.
/// </summary>
internal sealed class SlowOfflineQueue(MemoryOfflineQueue inner, Func<bool> isSlow, Journal journal) : IOfflineQueue
{
    private static readonly IReadOnlyList<OfflineMessage> s_none = [];

    private readonly Queue<Action> _calls = new();
    private readonly Dictionary<(string User, string Queue), int> _waiting = [];

    /// <summary>Calls that were not answered yet.</summary>
    public int Calls => _calls.Count;

    public long Count => inner.Count;

    /// <summary>Users who were given messages; cleared by the model.</summary>
    public HashSet<string> Given { get; } = [];

    /// <summary>Messages that wait in one queue.</summary>
    public int Waiting(string user, string queue) => _waiting.GetValueOrDefault((user, queue));

    public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages)
    {
        var added = messages.ToArray();
        return Answer(() =>
        {
            var dropped = Completed.Of(inner.AddAsync(user, queue, added));
            journal.Note($"queue of {user} {queue} gets {string.Join(' ', added.Select(m => m.Payload.Id))}");
            _waiting[(user, queue)] = Waiting(user, queue) + added.Length - dropped.Count;
            return dropped;
        });
    }

    public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue) => Answer(() =>
    {
        journal.Note($"queue of {user} {queue} gives {Waiting(user, queue)}");
        if (Waiting(user, queue) > 0)
        {
            Given.Add(user);
        }

        _waiting[(user, queue)] = 0;
        return Completed.Of(inner.TakeAsync(user, queue));
    });

    /// <summary>A server expires by itself; here it does so when it is idle.</summary>
    public ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs)
    {
        if (_calls.Count > 0)
        {
            return ValueTask.FromResult(s_none);
        }

        var expired = Completed.Of(inner.ExpireAsync(unixMs));
        foreach (var message in expired)
        {
            _waiting[(message.Payload.User!, message.Payload.Queue!)]--;
        }

        return ValueTask.FromResult(expired);
    }

    /// <summary>Answers the oldest call.</summary>
    public void AnswerNext()
    {
        if (_calls.TryDequeue(out var call))
        {
            call();
        }
    }

    private ValueTask<IReadOnlyList<OfflineMessage>> Answer(Func<IReadOnlyList<OfflineMessage>> call)
    {
        if (_calls.Count == 0 && !isSlow())
        {
            return ValueTask.FromResult(call());
        }

        var answer = new TaskCompletionSource<IReadOnlyList<OfflineMessage>>();
        _calls.Enqueue(() => answer.SetResult(call()));
        return new ValueTask<IReadOnlyList<OfflineMessage>>(answer.Task);
    }
}
