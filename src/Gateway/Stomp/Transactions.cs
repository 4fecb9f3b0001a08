using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Stomp;

/// <summary>
/// A client's open transactions: what they hold back until COMMIT. Bounded in number and frames by the caller, in bytes by the share of
/// the client's user, which answers for the messages (as their publisher) and for what is kept beside them. Used by the connection's
/// reader alone.
/// </summary>
internal sealed class Transactions(MemoryShare share)
{
    // Of a transaction, and of a step: objects and places in lists, about.
    private const int ObjectBytes = 160;

    private readonly Dictionary<string, List<Step>> _open = new(StringComparer.Ordinal);
    private long _bytes;

    public int Count => _open.Count;

    /// <summary>Frames held in all of them.</summary>
    public int Frames { get; private set; }

    /// <summary>False when one of that name is open.</summary>
    public bool TryBegin(string name)
    {
        var isNew = _open.TryAdd(name, []);
        Charge(isNew ? BytesOf(name) : 0);
        return isNew;
    }

    /// <summary>False when none of that name is open. Takes over the step's payload.</summary>
    public bool TryAdd(string name, Step step)
    {
        if (!_open.TryGetValue(name, out var steps))
        {
            return false;
        }

        steps.Add(step);
        Charge(BytesOf(step));
        Frames++;
        return true;
    }

    /// <summary>Ends one and gives its steps in order; the caller owns their payloads.</summary>
    public bool TryEnd(string name, out IReadOnlyList<Step> steps)
    {
        var found = _open.Remove(name, out var list);
        steps = list ?? [];
        Frames -= steps.Count;
        Charge(found ? -BytesOf(name) - steps.Sum(BytesOf) : 0);
        return found;
    }

    /// <summary>Forgets them all, as when the connection ends (STOMP 1.2, "BEGIN": open transactions are aborted).</summary>
    public void Clear()
    {
        foreach (var steps in _open.Values)
        {
            foreach (var step in steps)
            {
                step.Payload?.Release();
            }
        }

        _open.Clear();
        Frames = 0;
        Charge(-_bytes);
    }

    /// <summary>The user's share has room for another transaction or step beside its message.</summary>
    public bool HasRoom => !share.IsFullFor(ObjectBytes);

    private static long BytesOf(string name) => ObjectBytes + (2L * name.Length);

    private static long BytesOf(Step step) => ObjectBytes + (step.Key?.Length ?? 0);

    private void Charge(long bytes)
    {
        _bytes += bytes;
        share.Take(bytes);
    }

    /// <summary>A held-back SEND (with payload and key) or ACK/NACK.</summary>
    public readonly record struct Step(Payload? Payload, byte[]? Key, Subscription? Subscription, long Sequence, bool IsAck);
}
