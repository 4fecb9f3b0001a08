using FastPush.Gateway.Links;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>A client's socket that a test opens and closes by hand. Keeps what was sent, or only counts it.</summary>
internal sealed class MemoryLink(bool keepBytes = true) : Link
{
    private readonly List<byte> _bytes = [];
    private ReadOnlyMemory<byte> _rest;
    private bool _waits;

    /// <summary>Bytes it takes before it blocks.</summary>
    public long Room { get; set; } = long.MaxValue;

    /// <summary>The peer is gone: the next send fails.</summary>
    public bool IsDead { get; set; }

    /// <summary>The gateway has half-closed.</summary>
    public bool IsEnded { get; private set; }

    public bool IsAborted { get; private set; }

    /// <summary>Bytes taken so far.</summary>
    public long Taken { get; private set; }

    /// <summary>Calls that gave it bytes.</summary>
    public int Sends { get; private set; }

    /// <summary>The outbox waits for <see cref="Unblock"/>.</summary>
    public bool IsWaitedFor => _waits;

    public void Block() => Room = 0;

    /// <summary>Takes up to <paramref name="room"/> bytes more, those that wait first.</summary>
    public void Unblock(long room = long.MaxValue)
    {
        Room = room;
        if (!_waits)
        {
            return;
        }

        _waits = false;
        var rest = _rest;
        _rest = default;
        Session!.OnWritable(TrySend(rest.Span));
    }

    /// <summary>The connection ends while bytes wait.</summary>
    public void Die()
    {
        IsDead = true;
        if (_waits)
        {
            _waits = false;
            Session!.OnWritable(-1);
        }
    }

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (IsDead || IsAborted)
        {
            return -1;
        }

        var taken = (int)Math.Min(bytes.Length, Room);
        Room -= Room == long.MaxValue ? 0 : taken;
        Taken += taken;
        Sends++;
        if (keepBytes)
        {
            _bytes.AddRange(bytes[..taken]);
        }

        return taken;
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest)
    {
        Assert.False(_waits, "the outbox asked twice");
        Assert.False(rest.IsEmpty, "the outbox waits for nothing");
        _rest = rest;
        _waits = true;
    }

    public override void EndSend() => IsEnded = true;

    public override void Abort() => IsAborted = true;

    /// <summary>The bytes taken since the last call.</summary>
    public byte[] TakeBytes()
    {
        var bytes = _bytes.ToArray();
        _bytes.Clear();
        return bytes;
    }

    /// <summary>The whole frames taken since the last call.</summary>
    public List<ServerFrame> TakeFrames()
    {
        var bytes = _bytes.ToArray();
        var frames = ServerFrame.ReadAll(bytes, out var consumed);
        _bytes.RemoveRange(0, consumed);
        return frames;
    }
}
