using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;

namespace FastPush.Gateway.Stomp;

/// <summary>The beginning of a frame whose end has not come: who sends it answers for it.</summary>
internal sealed partial class StompConnection
{
    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (IsClosing || bytes.IsEmpty || TryKeep(bytes))
        {
            return;
        }

        if (Session.State == SessionState.Connecting)
        {
            // Whoever is slow to say who they are makes room for those who do so at once.
            Node.Strangers.MakeRoom(_partial.Bytes.Length + bytes.Length);
            if (IsClosing || TryKeep(bytes, mayExceed: true))
            {
                return;
            }
        }

        var words = MemoryWords.Refusal(Session.Share, _partial.Bytes.Length + bytes.Length);
        Fail(default, CloseReason.Overload, new CloseNotice { Code = 1013, Message = "overload", Detail = words });
    }

    private bool TryKeep(ReadOnlySpan<byte> bytes, bool mayExceed = false) =>
        _partial.TryAppend(bytes, Session.Share, (int)Math.Min(_scan.FrameBytes, int.MaxValue), mayExceed);

    // The end of a CONNECT came, so what stands behind it is a user's.
    private void NotePartial()
    {
        var holds = !_partial.IsEmpty;
        if (holds)
        {
            _partial.MoveTo(Session.Share);
        }

        if (holds != Session.HoldsInput)
        {
            Session.HoldsInput = holds;
        }
    }

    private void ClearPartial()
    {
        _partial.Clear();
        Session.HoldsInput = false;
    }
}
