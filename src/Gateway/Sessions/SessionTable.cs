namespace FastPush.Gateway.Sessions;

/// <summary>All sessions of this node, in slots, for the ticker and the drain to walk.</summary>
internal sealed class SessionTable
{
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private Session?[] _slots = new Session?[64];
    private int _end;

    public int Count { get; private set; }

    /// <summary>Takes a session in unless the table is full.</summary>
    public bool TryAdd(Session session, int countMax)
    {
        lock (_lock)
        {
            if (Count >= countMax)
            {
                return false;
            }

            if (!_free.TryPop(out var slot))
            {
                slot = _end++;
                if (slot == _slots.Length)
                {
                    Array.Resize(ref _slots, slot * 2);
                }
            }

            session.TableSlot = slot;
            _slots[slot] = session;
            Count++;
            return true;
        }
    }

    public void Remove(Session session)
    {
        lock (_lock)
        {
            if (session.TableSlot < 0)
            {
                return;
            }

            _slots[session.TableSlot] = null;
            _free.Push(session.TableSlot);
            session.TableSlot = -1;
            Count--;
        }
    }

    /// <summary>Slots to walk without the lock; sessions may end meanwhile, slots of the gone are null.</summary>
    public ReadOnlySpan<Session?> Slots
    {
        get
        {
            lock (_lock)
            {
                return _slots.AsSpan(0, _end);
            }
        }
    }
}
