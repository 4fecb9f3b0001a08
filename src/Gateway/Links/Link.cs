using FastPush.Gateway.Limits;

namespace FastPush.Gateway.Links;

/// <summary>
/// The way out to one client. Not thread-safe: callers hold the session's lock. No call blocks.
/// Kinds: the raw socket of Kestrel's transport, and a pipe (TLS, SSE, tests).
/// </summary>
internal abstract class Link
{
    /// <summary>The session that is told when the link takes bytes again. Set once, before the first send.</summary>
    public Sessions.Session? Session { get; set; }

    /// <summary>
    /// The connection's place in the node's count while it has not proved who it is; null afterwards, and for a link that is none of
    /// the node's connections.
    /// </summary>
    public ConnectionEntry? Entry { get; set; }

    /// <summary>A valid token came. False when the node has no place for one more user.</summary>
    public bool TryProve()
    {
        if (Entry is { } entry && !entry.TryProve())
        {
            return false;
        }

        Entry = null;
        return true;
    }

    /// <summary>What <see cref="SendWhenWritable"/> is given is read by the system until it reports back.</summary>
    public virtual bool HoldsBytes => false;

    /// <summary>Hands over as much as is taken at once: 0 to <c>bytes.Length</c>; -1 when the connection is gone.</summary>
    public abstract int TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// After <see cref="TrySend"/> took less than all: sends of <paramref name="rest"/> what it can as soon as it can and reports the
    /// number by <see cref="Sessions.Session.OnWritable"/>, from any thread but never from within this call. The bytes must stay
    /// untouched until then.
    /// </summary>
    public abstract void SendWhenWritable(ReadOnlyMemory<byte> rest);

    /// <summary>Everything was sent: tells the peer so, as far as the transport can (a TCP half-close).</summary>
    public abstract void EndSend();

    /// <summary>Ends the connection now, whatever is under way.</summary>
    public abstract void Abort();
}
