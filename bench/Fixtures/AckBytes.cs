using System.Globalization;
using FastPush.Gateway.Sessions;
using FastPush.Protocol.Stomp;

namespace FastPush.Bench.Fixtures;

/// <summary>An ACK frame whose sequence is changed in place, so that an operation can acknowledge without building a frame.</summary>
internal sealed class AckBytes
{
    private const int Digits = 18;
    private const int EndBytes = 3; // LF LF NUL

    /// <summary>For the first subscription of this session.</summary>
    public AckBytes(Session session)
    {
        var id = new AckId(session.Node.AckKeyOf(session), session.Subscriptions.Items[0].Number, 0).ToString();
        Bytes = ClientBytes.Stomp($"ACK\nid:{id[..^1]}{new string('0', Digits)}\n\n");
    }

    public byte[] Bytes { get; }

    public void Name(long sequence)
    {
        var digits = Bytes.AsSpan(Bytes.Length - EndBytes - Digits, Digits);
        if (!sequence.TryFormat(digits, out _, "D18", CultureInfo.InvariantCulture))
        {
            throw new ArgumentOutOfRangeException(nameof(sequence));
        }
    }
}
