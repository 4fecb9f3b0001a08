using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>
/// Where a message is rendered whose length is only known afterwards. Small ones are rendered in the thread's scratch buffer and then
/// copied, so that each takes a slot of its true length: the most that it may need is often twice as much.
/// </summary>
internal ref struct MessageDraft
{
    private byte[]? _scratch;
    private Payload? _payload;
    private MemoryShare? _payer;

    /// <summary>Where to render.</summary>
    public readonly Span<byte> Bytes => _scratch ?? _payload!.Writable;

    /// <summary>
    /// Begins a message of at most <paramref name="bytesMax"/> bytes, for which <paramref name="payer"/> answers; false when its share or
    /// the whole memory is full.
    /// </summary>
    public static bool TryBegin(PayloadPool pool, MemoryShare payer, int bytesMax, out MessageDraft draft)
    {
        draft = default;
        draft._payer = payer;
        if (bytesMax <= PayloadPool.SlotBytesMax)
        {
            draft._scratch = Scratch.Take(bytesMax);
            return true;
        }

        draft._payload = pool.TryRent(bytesMax, payer);
        return draft._payload is not null;
    }

    /// <summary>The payload with the bytes rendered, to be sealed; null when there is no room for it.</summary>
    public readonly Payload? End(PayloadPool pool, int length)
    {
        if (_scratch is null)
        {
            return _payload;
        }

        var payload = pool.TryRent(length, _payer);
        if (payload is not null)
        {
            _scratch.AsSpan(0, length).CopyTo(payload.Writable);
        }

        Scratch.Give(_scratch);
        return payload;
    }
}
