namespace FastPush.Gateway.Sessions;

/// <summary>
/// Since when a STOMP frame, and a WebSocket message or what carries it, lacks its end. 8 bytes: it keeps the low 32 bits of the
/// monotonic clock's milliseconds, 0 = nothing lacks. Written by the reader, read by the ticker, without a lock.
/// </summary>
internal struct UnfinishedInput
{
    private uint _frameSinceMs;
    private uint _messageSinceMs;

    /// <summary>A frame came to its end.</summary>
    public void EndFrame() => _frameSinceMs = 0;

    /// <summary>A message came to its end.</summary>
    public void EndMessage() => _messageSinceMs = 0;

    /// <summary>
    /// A read is over. What ended in it has set its time to 0, so a time that stands is that of what was there before the read.
    /// </summary>
    public void EndRead(long nowMs, bool isInFrame, bool isInMessage)
    {
        _frameSinceMs = isInFrame ? Since(_frameSinceMs, nowMs) : 0;
        _messageSinceMs = isInMessage ? Since(_messageSinceMs, nowMs) : 0;
    }

    /// <summary>More came that cannot be looked at before its rest is there, such as half a TLS record.</summary>
    public void CutOff(long nowMs) => _messageSinceMs = Since(_messageSinceMs, nowMs);

    /// <summary>One of them has waited for its end for so long.</summary>
    public readonly bool IsOverdue(long nowMs, int timeoutMs) =>
        IsOverdue(_frameSinceMs, nowMs, timeoutMs) || IsOverdue(_messageSinceMs, nowMs, timeoutMs);

    // An odd millisecond, since 0 is for none.
    private static uint Since(uint sinceMs, long nowMs) => sinceMs == 0 ? (uint)nowMs | 1 : sinceMs;

    // Signed: the odd millisecond may be the one that comes next.
    private static bool IsOverdue(uint sinceMs, long nowMs, int timeoutMs) => sinceMs != 0 && (int)((uint)nowMs - sinceMs) >= timeoutMs;
}
