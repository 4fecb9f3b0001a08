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
/// Exact however late a number comes; memory beyond these two fields is taken only when something is missing.
/// </summary>
internal struct SequenceTrack
{
    private uint _next;

    // What is missing below _next, as ranges in ascending order.
    private List<(uint From, uint Before)>? _gaps;

    public Arrival Take(uint sequence)
    {
        if (sequence >= _next)
        {
            if (sequence > _next)
            {
                (_gaps ??= []).Add((_next, sequence));
            }

            _next = sequence + 1;
            return Arrival.InOrder;
        }

        var index = FindGap(sequence);
        if (index < 0)
        {
            return Arrival.Duplicate;
        }

        var (from, before) = _gaps![index];
        _gaps.RemoveAt(index);
        if (sequence + 1 < before)
        {
            _gaps.Insert(index, (sequence + 1, before));
        }

        if (from < sequence)
        {
            _gaps.Insert(index, (from, sequence));
        }

        return Arrival.OutOfOrder;
    }

    /// <summary>How many of the <paramref name="sent"/> numbers are not here.</summary>
    public readonly long Lost(uint sent)
    {
        var lost = (long)sent - _next;
        for (var i = 0; i < (_gaps?.Count ?? 0); i++)
        {
            lost += _gaps![i].Before - _gaps[i].From;
        }

        return lost;
    }

    private readonly int FindGap(uint sequence)
    {
        for (var i = 0; i < (_gaps?.Count ?? 0); i++)
        {
            if (sequence >= _gaps![i].From && sequence < _gaps[i].Before)
            {
                return i;
            }
        }

        return -1;
    }
}
