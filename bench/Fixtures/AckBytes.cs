using System.Globalization;

namespace FastPush.Bench.Fixtures;

/// <summary>An ACK frame whose sequence is changed in place, so that an operation can acknowledge without building a frame.</summary>
internal sealed class AckBytes
{
    private const int Digits = 19;
    private const int EndBytes = 3; // LF LF NUL

    /// <param name="subscription">The subscription's number, the first part of its <c>ack</c> headers.</param>
    public AckBytes(int subscription)
    {
        Bytes = ClientBytes.Stomp($"ACK\nid:{subscription}-{new string('0', Digits)}\n\n");
    }

    public byte[] Bytes { get; }

    public void Name(long sequence)
    {
        var digits = Bytes.AsSpan(Bytes.Length - EndBytes - Digits, Digits);
        if (!sequence.TryFormat(digits, out _, "D19", CultureInfo.InvariantCulture))
        {
            throw new ArgumentOutOfRangeException(nameof(sequence));
        }
    }
}
