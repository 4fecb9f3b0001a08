using FastPush.Protocol.Buffers;

namespace FastPush.Relay.Topics;

/// <summary>Messages of one topic on their way into its history, and how many of them are there.</summary>
/// <param name="topic">The topic's key.</param>
/// <param name="since">When the first of them came, as a timestamp of the writer's clock.</param>
internal sealed class HistoryPart(byte[] topic, long since)
{
    public byte[] Topic => topic;

    public long Since => since;

    public List<Payload> Messages { get; set; } = [];

    public int Written { get; set; }

    /// <summary>The writer's list of what waits has it; else it is being written.</summary>
    public bool IsWaiting { get; set; } = true;

    /// <summary>The writer's queue has it.</summary>
    public bool IsQueued { get; set; }
}
