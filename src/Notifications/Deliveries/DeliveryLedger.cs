using System.Runtime.InteropServices;
using FastPush.Protocol.Buffers;

namespace FastPush.Notifications.Deliveries;

/// <summary>Where one message to one user stands.</summary>
public enum DeliveryState : byte
{
    Queued,
    Delivered,
    Acked,
    Expired,
    Dead,
}

/// <summary>A recipient's outcome, at <paramref name="UpdatedMs"/> (Unix ms).</summary>
public readonly record struct Delivery(string User, DeliveryState State, long UpdatedMs);

/// <summary>
/// Remembers the outcome per recipient of the last messages to users, for <c>GET /api/v1/messages/{id}/deliveries</c>.
/// A ring of fixed size: the oldest entry makes room for the newest, so memory is bounded and nothing is allocated once warm.
/// </summary>
public sealed class DeliveryLedger
{
    private readonly Entry[] _ring;
    private readonly Dictionary<long, int> _newestByMessage;
    private long _next;

    /// <summary>A ledger of <paramref name="entries"/> recipients (about 48 bytes each, allocated at once).</summary>
    public DeliveryLedger(int entries)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(entries, 1);
        _ring = new Entry[entries];
        _newestByMessage = new Dictionary<long, int>(Math.Min(entries, 1 << 16));
    }

    /// <summary>Notes a state; the first note of a recipient makes the entry.</summary>
    public void Note(Payload payload, DeliveryState state, long unixMs)
    {
        ArgumentNullException.ThrowIfNull(payload);
        if (payload.User is { } user)
        {
            Note(payload.Id, user, state, unixMs, keepsFinal: false);
        }
    }

    /// <summary>Notes what another server tells. Its words may come in another order than things happened: a final state stays.</summary>
    public void Note(long messageId, string user, DeliveryState state, long unixMs) =>
        Note(messageId, user, state, unixMs, keepsFinal: true);

    private void Note(long messageId, string user, DeliveryState state, long unixMs, bool keepsFinal)
    {
        lock (_ring)
        {
            ref var newest = ref CollectionsMarshal.GetValueRefOrNullRef(_newestByMessage, messageId);
            var known = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref newest);
            for (var at = known ? newest : -1; at >= 0; at = Older(at))
            {
                ref var entry = ref _ring[at];
                if (entry.User == user)
                {
                    if (keepsFinal && entry.State >= DeliveryState.Acked)
                    {
                        return;
                    }

                    entry.State = state;
                    entry.UpdatedMs = unixMs;
                    return;
                }
            }

            Add(messageId, user, state, unixMs);
        }
    }

    /// <summary>All recipients of a message that are still remembered; empty when it is unknown or too old.</summary>
    public IReadOnlyList<Delivery> Find(long messageId)
    {
        var found = new List<Delivery>();
        lock (_ring)
        {
            var at = _newestByMessage.GetValueOrDefault(messageId, -1);
            for (; at >= 0; at = Older(at))
            {
                ref var entry = ref _ring[at];
                found.Add(new Delivery(entry.User!, entry.State, entry.UpdatedMs));
            }
        }

        found.Reverse();
        return found;
    }

    /// <summary>The same message's entry before this one; -1 where the ring has overwritten it since (ids or ages no longer fit).</summary>
    private int Older(int at)
    {
        var next = _ring[at].NextOfMessage;
        return next >= 0 && _ring[next].MessageId == _ring[at].MessageId && _ring[next].Age < _ring[at].Age ? next : -1;
    }

    private void Add(long messageId, string user, DeliveryState state, long unixMs)
    {
        var age = _next++;
        var at = (int)(age % _ring.Length);
        ref var entry = ref _ring[at];
        if (entry.User is not null && _newestByMessage.TryGetValue(entry.MessageId, out var newest) && newest == at)
        {
            _newestByMessage.Remove(entry.MessageId);
        }

        var next = _newestByMessage.GetValueOrDefault(messageId, -1);
        entry = new Entry { MessageId = messageId, User = user, State = state, UpdatedMs = unixMs, NextOfMessage = next, Age = age };
        _newestByMessage[messageId] = at;
    }

    private struct Entry
    {
        public long MessageId;
        public long Age;
        public long UpdatedMs;
        public string? User;
        public int NextOfMessage;
        public DeliveryState State;
    }
}
