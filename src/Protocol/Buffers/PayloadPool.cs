namespace FastPush.Protocol.Buffers;

/// <summary>
/// Recycles payloads and bounds the memory of all messages that are queued, unacknowledged or kept as history, each counted
/// once however many receivers wait for it. When the bound is reached, publishers are refused; nothing accepted is dropped.
/// </summary>
public sealed class PayloadPool(long bytesMax)
{
    private const int ThreadCacheSize = 64;

    [ThreadStatic]
    private static ThreadCache? t_cache;

    private readonly Stack<Payload> _shared = new(1024);
    private long _outstandingBytes;
    private long _outstanding;

    /// <summary>Payloads in use.</summary>
    public long Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>Bytes of the buffers of payloads in use.</summary>
    public long OutstandingBytes => Volatile.Read(ref _outstandingBytes);

    /// <summary>The bound on <see cref="OutstandingBytes"/>.</summary>
    public long BytesMax => bytesMax;

    /// <summary>
    /// A payload with room for <paramref name="bytes"/>, one reference held by the caller; null when the bound is reached.
    /// </summary>
    public Payload? TryRent(int bytes)
    {
        if (Volatile.Read(ref _outstandingBytes) + bytes > bytesMax)
        {
            return null;
        }

        var buffer = BytePool.Rent(bytes);
        Interlocked.Add(ref _outstandingBytes, buffer.Length);
        Interlocked.Increment(ref _outstanding);
        var payload = Take();
        payload.Lease(buffer);
        return payload;
    }

    internal void Return(Payload payload, byte[] buffer)
    {
        Interlocked.Add(ref _outstandingBytes, -buffer.Length);
        Interlocked.Decrement(ref _outstanding);
        BytePool.Return(buffer);
        var cache = t_cache;
        if (cache is not null && ReferenceEquals(cache.Pool, this) && cache.Count < ThreadCacheSize)
        {
            cache.Items[cache.Count++] = payload;
            return;
        }

        lock (_shared)
        {
            _shared.Push(payload);
        }
    }

    private Payload Take()
    {
        var cache = t_cache;
        if (cache is null || !ReferenceEquals(cache.Pool, this))
        {
            t_cache = cache = new ThreadCache(this);
        }

        if (cache.Count == 0)
        {
            Refill(cache);
        }

        return cache.Count > 0 ? cache.Items[--cache.Count]! : new Payload(this);
    }

    private void Refill(ThreadCache cache)
    {
        lock (_shared)
        {
            while (cache.Count < ThreadCacheSize / 2 && _shared.TryPop(out var payload))
            {
                cache.Items[cache.Count++] = payload;
            }
        }
    }

    private sealed class ThreadCache(PayloadPool pool)
    {
        public readonly PayloadPool Pool = pool;
        public readonly Payload?[] Items = new Payload?[ThreadCacheSize];
        public int Count;
    }
}
