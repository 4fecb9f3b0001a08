using FastPush.Gateway.Sessions;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Limits;

/// <summary>
/// Bounds what those make us keep who have not said who they are: they have one share together, and when it is full those who began a
/// CONNECT first and have not ended it are closed, since whoever means it needs no second for it.
/// </summary>
internal sealed class StrangerInput(SessionTable sessions, MemoryShare share)
{
    // One look at all sessions closes so many of them, or it would be needed for each frame of an attack.
    private const int Part = 8;

    private long _ceiling;

    /// <summary>What all of them answer for.</summary>
    public MemoryShare Share { get; } = share;

    /// <summary>
    /// Makes room for so many bytes by closing the oldest eighth. What they held comes free when their readers notice, at the latest with
    /// the next turn of their loops; until then as much, and never more than a quarter, may stand above the share.
    /// </summary>
    public void MakeRoom(long bytes)
    {
        if (Share.Bytes + bytes <= Volatile.Read(ref _ceiling))
        {
            return;
        }

        var strangers = new List<Session>();
        foreach (var session in sessions.Slots)
        {
            if (session is { State: SessionState.Connecting, HoldsInput: true })
            {
                strangers.Add(session);
            }
        }

        if (strangers.Count == 0)
        {
            return;
        }

        strangers.Sort(static (a, b) => a.DeadlineMs.CompareTo(b.DeadlineMs));
        var oldest = strangers[..Math.Max(1, strangers.Count / Part)];
        var comingFree = Share.Bytes / strangers.Count * oldest.Count;
        Volatile.Write(ref _ceiling, Math.Min(Share.Bytes + comingFree, Share.BytesMax / 4 * 5));
        oldest.ForEach(Close);
    }

    private static void Close(Session session)
    {
        SessionCloser.Close(
            session,
            CloseReason.Overload,
            new CloseNotice
            {
                Code = 1013,
                Message = "overload",
                Detail = "Too many connections have begun a CONNECT and not ended it, and this one is among the oldest. Connect again.",
            });
        session.Abort();
    }
}
