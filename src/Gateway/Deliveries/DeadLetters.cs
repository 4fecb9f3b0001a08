using FastPush.Gateway.Telemetry;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Deliveries;

/// <summary>A message that was given up.</summary>
internal readonly record struct DeadLetter(long MessageId, string? User, string? Queue, FailureKind Why, long AtMs);

/// <summary>
/// Takes the messages that were given up. Here the last ones are remembered in memory, bounded; a log of dead letters
/// (<c>push.dlq</c>) takes this place when one is configured.
/// </summary>
internal sealed class DeadLetters(int capacity)
{
    private readonly Queue<DeadLetter> _last = new();

    public void Add(Payload payload, FailureKind why, long unixMs)
    {
        lock (_last)
        {
            if (_last.Count >= capacity)
            {
                _last.Dequeue();
            }

            _last.Enqueue(new DeadLetter(payload.Id, payload.User, payload.Queue, why, unixMs));
        }
    }

    /// <summary>What is remembered, oldest first.</summary>
    public IReadOnlyList<DeadLetter> Snapshot()
    {
        lock (_last)
        {
            return [.. _last];
        }
    }
}
