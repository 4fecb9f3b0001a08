namespace FastPush.Relay.Links;

/// <summary>Batches in order, linked by <see cref="RelayBatch.Next"/>.</summary>
internal sealed class RelayBatchList
{
    private RelayBatch? _first;

    public RelayBatch? Last { get; private set; }

    public bool IsEmpty => _first is null;

    /// <summary>More than one.</summary>
    public bool HasSeveral => _first != Last;

    public void Add(RelayBatch batch)
    {
        batch.Next = null;
        if (Last is null)
        {
            _first = batch;
        }
        else
        {
            Last.Next = batch;
        }

        Last = batch;
    }

    /// <summary>Puts all of another list before these, and leaves it empty.</summary>
    public void AddFirst(RelayBatchList other)
    {
        if (other.Last is null)
        {
            return;
        }

        other.Last.Next = _first;
        Last ??= other.Last;
        _first = other._first;
        other._first = null;
        other.Last = null;
    }

    public RelayBatch? TryTakeFirst()
    {
        var batch = _first;
        if (batch is not null)
        {
            _first = batch.Next;
            Last = _first is null ? null : Last;
            batch.Next = null;
        }

        return batch;
    }

    public void TakeAll(List<RelayBatch> into)
    {
        while (TryTakeFirst() is { } batch)
        {
            into.Add(batch);
        }
    }
}
