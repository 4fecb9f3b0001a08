using FastPush.Protocol.Buffers;

namespace FastPush.Relay.Offline;

/// <summary>One message that waits for its user, and what is known of earlier attempts. Owns one reference of the payload.</summary>
public readonly record struct OfflineMessage(Payload Payload, byte Attempts)
{
    /// <summary>It was on its way to a client before, so the next delivery carries <c>redelivered:true</c>.</summary>
    public bool Redelivered => Attempts > 0;
}
