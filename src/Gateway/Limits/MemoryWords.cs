using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Limits;

/// <summary>What those are told for whom there is no room: that it is they who fill it, or that everybody does.</summary>
internal static class MemoryWords
{
    /// <summary>To a client that made us keep something, by the share that was asked for so many bytes more.</summary>
    public static string Refusal(MemoryShare share, long bytes) => share.IsFullFor(bytes + Payload.ObjectBytes)
        ? $"This user's share of the gateway's memory is full ({share.BytesMax} bytes): what it sent to users who are away, holds back in "
            + "transactions, is sending, or has not read and acknowledged. Come back when some of it is gone."
        : "The gateway's memory for messages is full. Come back later.";
}
