namespace FastPush.Gateway.Engine;

/// <summary>Something in an epoll set.</summary>
internal interface IEngineHandler
{
    /// <summary>Epoll says that it is ready. <paramref name="buffer"/> may be used until the return.</summary>
    void OnReady(uint events, byte[] buffer);

    /// <summary>Its code failed: it must let go of its connection.</summary>
    void OnFault();
}

/// <summary>Something that asks to run on a loop's thread.</summary>
internal interface IPosted
{
    /// <summary>On the loop's thread. Must not throw.</summary>
    void OnPosted();
}

/// <summary>
/// Who stands behind a descriptor. The kernel reuses numbers at once, so an event carries a generation beside the number, and one that
/// was meant for the number's last owner finds nobody.
/// </summary>
internal sealed class EngineTable
{
    private readonly Lock _lock = new();
    private Entry[] _entries = new Entry[1024];

    /// <summary>What an epoll event carries.</summary>
    public static ulong Key(int fd, uint generation) => ((ulong)generation << 32) | (uint)fd;

    /// <summary>Enters a handler under its descriptor and returns the key of its events.</summary>
    public ulong Add(int fd, IEngineHandler handler)
    {
        lock (_lock)
        {
            if (fd >= _entries.Length)
            {
                var larger = new Entry[Math.Max(fd + 1, _entries.Length * 2)];
                _entries.CopyTo(larger, 0);
                Volatile.Write(ref _entries, larger);
            }

            // In this order, so that Find never takes the new handler for an old event.
            ref var entry = ref _entries[fd];
            Volatile.Write(ref entry.Generation, entry.Generation + 1);
            Volatile.Write(ref entry.Handler, handler);
            return Key(fd, entry.Generation);
        }
    }

    public void Remove(int fd)
    {
        lock (_lock)
        {
            Volatile.Write(ref _entries[fd].Handler, null);
        }
    }

    /// <summary>The handler that a key was given for, if it is still there. Takes no lock: it is asked for each event.</summary>
    public IEngineHandler? Find(ulong key)
    {
        var entries = Volatile.Read(ref _entries);
        var fd = (uint)key;
        if (fd >= entries.Length)
        {
            return null;
        }

        var handler = Volatile.Read(ref entries[fd].Handler);
        return Volatile.Read(ref entries[fd].Generation) == (uint)(key >> 32) ? handler : null;
    }

    private struct Entry
    {
        public IEngineHandler? Handler;
        public uint Generation;
    }
}
