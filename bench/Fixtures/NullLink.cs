using FastPush.Gateway.Links;

namespace FastPush.Bench.Fixtures;

/// <summary>
/// A client that takes everything at once and keeps nothing. The count is there to prove that a benchmark delivers; an end that the
/// benchmark did not ask for must not pass for speed.
/// </summary>
internal sealed class NullLink(bool mayEnd = false) : Link
{
    /// <summary>Sends so far.</summary>
    public long Sends { get; private set; }

    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        Sends++;
        return bytes.Length;
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest) =>
        throw new InvalidOperationException("A link that takes everything was asked to wait.");

    public override void EndSend() => BenchNode.Require(mayEnd, "The gateway ended a session of a benchmark.");

    public override void Abort() => BenchNode.Require(mayEnd, "The gateway aborted a session of a benchmark.");
}
