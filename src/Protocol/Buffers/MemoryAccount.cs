namespace FastPush.Protocol.Buffers;

/// <summary>
/// All memory that clients make this process keep, in true bytes: the payloads of a <see cref="PayloadPool"/>, each counted once however
/// many keep it, and what <see cref="MemoryShare"/>s took beside them (input, encoded output, windows). Safe from any thread.
/// </summary>
public sealed class MemoryAccount(long bytesMax)
{
    private long _taken;

    /// <summary>The bound on <see cref="Bytes"/>.</summary>
    public long BytesMax { get; } = bytesMax;

    /// <summary>Bytes in use.</summary>
    public long Bytes => Volatile.Read(ref _taken) + (Payloads?.OutstandingBytes ?? 0);

    /// <summary>Bytes in use beside payloads.</summary>
    public long TakenBytes => Volatile.Read(ref _taken);

    /// <summary>
    /// Asked for room for so many bytes before anybody is refused: lets go of what can be spared. Called outside all locks.
    /// </summary>
    public Action<long>? MakeRoom { get; set; }

    /// <summary>The pool whose payloads count.</summary>
    internal PayloadPool? Payloads { get; set; }

    /// <summary>So many more bytes are within the bound, perhaps after others made room.</summary>
    public bool HasRoomFor(long bytes)
    {
        if (Bytes + bytes <= BytesMax)
        {
            return true;
        }

        MakeRoom?.Invoke(bytes);
        return Bytes + bytes <= BytesMax;
    }

    internal void Take(long bytes) => Interlocked.Add(ref _taken, bytes);
}
