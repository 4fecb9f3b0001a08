using System.Buffers.Text;

namespace FastPush.Protocol.Stomp;

/// <summary>Appends to a span. A span too short for what its caller promised throws, and nothing is written past it.</summary>
internal ref struct SpanWriter(Span<byte> destination)
{
    // Digits of long.MinValue with its sign.
    public const int NumberBytesMax = 20;

    private readonly Span<byte> _destination = destination;

    public int Written { get; private set; }

    public readonly Span<byte> Rest => _destination[Written..];

    public void Advance(int count) => Written += count;

    public void Append(byte value)
    {
        _destination[Written] = value;
        Written++;
    }

    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_destination[Written..]);
        Written += bytes.Length;
    }

    public void Append(long number)
    {
        if (!Utf8Formatter.TryFormat(number, _destination[Written..], out int count))
        {
            throw new ArgumentException("The destination is too short for a number.");
        }

        Written += count;
    }

    // For headers that no version escapes.
    public void AppendInOneLine(scoped ReadOnlySpan<byte> text)
    {
        Span<byte> copy = _destination.Slice(Written, text.Length);
        text.CopyTo(copy);
        copy.Replace((byte)'\r', (byte)' ');
        copy.Replace((byte)'\n', (byte)' ');
        copy.Replace((byte)0, (byte)' ');
        Written += text.Length;
    }
}
