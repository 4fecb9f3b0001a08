using FastPush.Protocol;
using FastPush.Protocol.Envelope;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// A relay message other than <see cref="RelayKind.Message"/>: the kind's byte, then one MessagePack array <c>[origin, number, at, a,
/// b]</c>
/// of the sender's server id, two numbers and two texts. Later writers may append fields, which readers skip.
/// </summary>
internal readonly ref struct Notice
{
    private const int Fields = 5;

    public RelayKind Kind { get; init; }

    /// <summary>Server that sent it.</summary>
    public int Origin { get; init; }

    /// <summary>Request number or message id.</summary>
    public long Number { get; init; }

    /// <summary>Unix ms, or a state and Unix ms, or 0.</summary>
    public long At { get; init; }

    /// <summary>User or topic, UTF-8.</summary>
    public ReadOnlySpan<byte> A { get; init; }

    /// <summary>Queue, or further bytes.</summary>
    public ReadOnlySpan<byte> B { get; init; }

    public int Size =>
        1 + MsgPackWriter.CountHeadBytesMax + 3 * MsgPackWriter.IntBytesMax + 2 * MsgPackWriter.DataHeadBytesMax + A.Length + B.Length;

    public int Write(Span<byte> destination)
    {
        destination[0] = (byte)Kind;
        var writer = new MsgPackWriter(destination[1..]);
        writer.WriteArrayHeader(Fields);
        writer.WriteInt(Origin);
        writer.WriteInt(Number);
        writer.WriteInt(At);
        writer.WriteBin(A);
        writer.WriteBin(B);
        return 1 + writer.Written;
    }

    /// <summary>False when the bytes are no notice.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Notice notice)
    {
        notice = default;
        if (message.IsEmpty)
        {
            return false;
        }

        var reader = new MsgPackReader(message[1..]);
        if (reader.ReadArrayHeader(out var fields) != ParseStatus.Done
            || fields < Fields
            || reader.ReadInt(out var origin) != ParseStatus.Done
            || reader.ReadInt(out var number) != ParseStatus.Done
            || reader.ReadInt(out var at) != ParseStatus.Done
            || reader.ReadBin(out var a) != ParseStatus.Done
            || reader.ReadBin(out var b) != ParseStatus.Done)
        {
            return false;
        }

        notice = new Notice { Kind = (RelayKind)message[0], Origin = (int)origin, Number = number, At = at, A = a, B = b };
        return true;
    }
}
