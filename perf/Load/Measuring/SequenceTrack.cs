namespace FastPush.Load.Measuring;

/// <summary>What the next number of a sequence was.</summary>
internal enum Arrival
{
    /// <summary>The expected one, or one after a gap. Gaps stay missing until they are filled.</summary>
    InOrder,

    /// <summary>Missing so far: it came after a later one.</summary>
    OutOfOrder,

    /// <summary>Here before.</summary>
    Duplicate,
}

/// <summary>
/// The numbers that one subscriber has seen of one publisher's sequence to one destination, which starts at 0 and has no gaps.
/// </summary>
internal struct SequenceTrack
{
    private const int Remembered = 64;

    private uint _next;
    private uint _missing;

    // Bit i: the number _next - 1 - i was here.
    private ulong _seen;

    public Arrival Take(uint sequence)
    {
        var ahead = sequence - _next;
        if (ahead < int.MaxValue)
        {
            _missing += ahead;
            _seen = ahead >= Remembered - 1 ? 1 : (_seen << ((int)ahead + 1)) | 1;
            _next = sequence + 1;
            return Arrival.InOrder;
        }

        var back = _next - 1 - sequence;
        var known = back < Remembered ? ((_seen >> (int)back) & 1) != 0 : _missing == 0;
        if (known)
        {
            return Arrival.Duplicate;
        }

        if (back < Remembered)
        {
            _seen |= 1UL << (int)back;
        }

        _missing--;
        return Arrival.OutOfOrder;
    }

    /// <summary>How many of the <paramref name="sent"/> numbers are not here.</summary>
    public readonly uint Lost(uint sent) => _missing + (sent - _next);
}
