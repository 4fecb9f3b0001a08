using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastPush.Protocol.Buffers;

/// <summary>
/// Room for messages of one size: an array that the collector neither moves nor clears, cut into slots. Each slot has one
/// <see cref="Payload"/> for ever, made when the slot is first needed. Under the lock of its <see cref="PayloadSlabs"/>.
/// </summary>
internal sealed class PayloadSlab
{
    /// <summary>Bytes of all slots of a slab together, at most.</summary>
    public const int Bytes = 128 << 10;

    // A slot begins on a cache line of its own, so that two messages never share one.
    private const int CacheLine = 64;

    private readonly PayloadSlabs _owner;
    private readonly byte[] _memory = GC.AllocateUninitializedArray<byte>(Bytes + CacheLine, pinned: true);
    private readonly Payload?[] _returned;
    private readonly int _start;
    private int _returnedCount;
    private int _made;

    public PayloadSlab(PayloadSlabs owner)
    {
        _owner = owner;
        _returned = new Payload?[owner.SlotsOfSlab];
        _start = OffsetOfLine(_memory);
    }

    /// <summary>Where its slots are shared out.</summary>
    public PayloadSlabs Owner => _owner;

    /// <summary>Slots that nobody has.</summary>
    public int Free => _returned.Length - _made + _returnedCount;

    /// <summary>Nobody has any of its slots.</summary>
    public bool IsEmpty => Free == _returned.Length;

    /// <summary>Neighbours in the list of slabs with free slots.</summary>
    public PayloadSlab? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public PayloadSlab? Next { get; set; }

    /// <summary>A free slot's payload: the one that was given back last, since its memory may still be in a cache.</summary>
    public Payload Take()
    {
        if (_returnedCount > 0)
        {
            return _returned[--_returnedCount]!;
        }

        Debug.Assert(_made < _returned.Length, "the slab is full");
        return new Payload(_owner.Pool, this, _memory, _start + (_made++ * _owner.SlotBytes), _owner.SlotBytes);
    }

    /// <summary>Takes a slot back.</summary>
    public void Give(Payload payload) => _returned[_returnedCount++] = payload;

    /// <summary>Calls <paramref name="discard"/> with the address and length of its memory, whose content nobody needs any more.</summary>
    public unsafe void Discard(Action<nint, nint> discard)
    {
        discard((nint)Unsafe.AsPointer(ref _memory[_start]), Bytes);
        GC.KeepAlive(_memory);
    }

    private static unsafe int OffsetOfLine(byte[] pinned)
    {
        var address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        return (int)(0 - address & (CacheLine - 1));
    }
}
