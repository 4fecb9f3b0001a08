using FastPush.Gateway.Links;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Simulation;

/// <summary>
/// The way to one client, as slow and as broken as it is wanted. With <paramref name="holdsBytes"/> it behaves as an asynchronous
/// socket (reads the rest by itself later), else as epoll (says when to try again).
/// </summary>
internal sealed class FaultyLink(Action<string> fail, Func<long> nowMs, bool holdsBytes) : Link
{
    private byte[] _bytes = new byte[256];
    private int _length;
    private long _parsed;
    private ReadOnlyMemory<byte> _rest;
    private byte[] _restCopy = [];

    public override bool HoldsBytes => holdsBytes;

    /// <summary>Bytes it takes before it blocks.</summary>
    public int Room { get; set; } = int.MaxValue;

    /// <summary>It has refused bytes at some time, or may have.</summary>
    public bool WasSlow { get; set; }

    public bool IsWaiting { get; private set; }

    /// <summary>The gateway has half-closed.</summary>
    public bool IsEnded { get; private set; }

    public bool IsAborted { get; private set; }

    /// <summary>The peer is gone: the next send fails.</summary>
    public bool IsGone { get; set; }

    /// <summary>Bytes taken so far.</summary>
    public long Taken { get; private set; }

    /// <summary>When bytes were last taken, on the gateway's monotonic clock.</summary>
    public long LastTakenMs { get; private set; }

    /// <summary>Whole frames taken, each with the position of its first byte; emptied by the model.</summary>
    public Queue<(long Start, ServerFrame Frame)> Frames { get; } = new();

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (IsGone || IsAborted)
        {
            return -1;
        }

        if (IsWaiting)
        {
            fail("bytes are sent while others wait");
        }

        if (IsEnded)
        {
            fail("bytes are sent after the end of sending");
        }

        return Take(bytes);
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest)
    {
        if (IsWaiting || rest.IsEmpty)
        {
            fail(IsWaiting ? "the outbox waits twice" : "the outbox waits for nothing");
        }

        IsWaiting = true;
        if (holdsBytes)
        {
            _rest = rest;
            _restCopy = rest.ToArray();
        }
    }

    /// <summary>Takes up to <paramref name="room"/> (at least 1) bytes more.</summary>
    public void Unblock(int room)
    {
        Room = room;
        if (!IsWaiting || IsGone || IsAborted)
        {
            return;
        }

        IsWaiting = false;
        if (!holdsBytes)
        {
            Session!.OnWritable(0);
            return;
        }

        CheckRest();
        var rest = _rest;
        _rest = default;
        Session!.OnWritable(Take(rest.Span));
    }

    /// <summary>An asynchronous send that was under way when the connection broke reports so. True when there was one.</summary>
    public bool ReportEnd()
    {
        if (!IsWaiting || !holdsBytes)
        {
            return false;
        }

        CheckRest();
        IsWaiting = false;
        IsGone = true;
        Session!.OnWritable(-1);
        return true;
    }

    /// <summary>What was to wait for room in a connection that is over waits no longer.</summary>
    public void Forget() => IsWaiting = false;

    public override void EndSend() => IsEnded = true;

    public override void Abort() => IsAborted = true;

    private void CheckRest()
    {
        if (!_rest.Span.SequenceEqual(_restCopy))
        {
            fail("bytes that the system was reading were changed");
        }
    }

    private int Take(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, Room);
        Room -= Room == int.MaxValue ? 0 : taken;
        if (_length + taken > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + taken, _bytes.Length * 2));
        }

        bytes[..taken].CopyTo(_bytes.AsSpan(_length));
        _length += taken;
        Taken += taken;
        if (taken > 0)
        {
            LastTakenMs = nowMs();
            Parse();
        }

        return taken;
    }

    private void Parse()
    {
        var at = 0;
        try
        {
            while (ServerFrame.TryRead(_bytes.AsSpan(at, _length - at), out var frame, out var used))
            {
                Frames.Enqueue((_parsed + at, frame!));
                at += used;
            }
        }
        catch (Xunit.Sdk.XunitException e)
        {
            fail($"a malformed frame on the wire: {e.Message}");
            at = _length;
        }

        _parsed += at;
        _length -= at;
        _bytes.AsSpan(at, _length).CopyTo(_bytes);
    }
}
