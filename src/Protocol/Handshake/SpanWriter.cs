using System.Buffers.Text;

namespace FastPush.Protocol.Handshake;

/// <summary>Appends to a span; one that is too short throws <see cref="ArgumentException"/>, because its size is the caller's to know.</summary>
internal ref struct SpanWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Written { get; private set; }

    public readonly Span<byte> Free => _destination[Written..];

    public void Advance(int count) => Written += count;

    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Free);
        Written += bytes.Length;
    }

    public void Append(int number)
    {
        if (!Utf8Formatter.TryFormat(number, Free, out var length))
        {
            throw new ArgumentException("The destination is too short.", nameof(number));
        }

        Written += length;
    }
}
