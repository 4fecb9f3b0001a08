using System.Buffers.Text;

namespace FastPush.Load.Wire;

/// <summary>Puts bytes and decimal numbers one after the other into a buffer that is large enough.</summary>
internal ref struct ByteText(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_destination[Length..]);
        Length += bytes.Length;
    }

    public void Add(long number)
    {
        Utf8Formatter.TryFormat(number, _destination[Length..], out var digits);
        Length += digits;
    }
}
