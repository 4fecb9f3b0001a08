using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>Finds messages by their id, as STOMP 1.0 and 1.1 acknowledge them: slots whose ids have the same hash are chained.</summary>
internal sealed partial class AckWindow
{
    // Of each hash the newest slot, counted from 1.
    private ushort[]? _chains = findsIds ? new ushort[SlotsLeast] : null;

    /// <summary>The sequence of a message id (STOMP 1.0 and 1.1 acknowledge by it); 0 when it is not here.</summary>
    public long Find(long messageId)
    {
        for (int at = _chains?[HashOf(messageId)] ?? 0; at != 0; at = _slots[at - 1].Chained)
        {
            if (_slots[at - 1].Payload!.Id == messageId)
            {
                return _first + ((at - 1 - _first) & (_slots.Length - 1));
            }
        }

        return 0;
    }

    // Ids are times and numbers of ours; the product's upper bits mix them.
    private int HashOf(long id) => (int)(((ulong)id * 0x9E3779B97F4A7C15) >> 40) & (_slots.Length - 1);

    private void Chain(long sequence)
    {
        ref var slot = ref At(sequence);
        if (_chains is not null && slot.Payload is { } payload)
        {
            ref var newest = ref _chains[HashOf(payload.Id)];
            slot.Chained = newest;
            newest = (ushort)((sequence & (_slots.Length - 1)) + 1);
        }
    }

    private void Unchain(long sequence)
    {
        if (_chains is null)
        {
            return;
        }

        var own = (ushort)((sequence & (_slots.Length - 1)) + 1);
        ref var at = ref _chains[HashOf(At(sequence).Payload!.Id)];
        while (at != own)
        {
            at = ref _slots[at - 1].Chained;
        }

        at = At(sequence).Chained;
    }
}
