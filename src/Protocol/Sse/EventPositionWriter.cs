using System.Buffers.Binary;
using System.Buffers.Text;

namespace FastPush.Protocol.Sse;

/// <summary>
/// Writes an <see cref="EventPosition"/> of a stream with several destinations: the id of the event's message, a dot, and in base64url a
/// byte of version and flags, how far behind that id the base is, and for each destination that needs it its hash and how far behind its
/// last message is. What is not named has been seen up to the base. Numbers are zigzag and seven bits a byte.
/// </summary>
/// <param name="buffer">Where the bytes collect, <see cref="BytesMax"/> of them.</param>
/// <param name="id">The id of the event's message.</param>
public ref struct EventPositionWriter(Span<byte> buffer, long id)
{
    /// <summary>Destinations that one may name.</summary>
    public const int PlacesMax = 200;

    internal const byte Version = 0x10;
    internal const byte CompleteFlag = 0x01;

    private const int NumberBytesMax = 10;
    private const int PlaceBytesMax = sizeof(uint) + NumberBytesMax;
    private const int IdBytesMax = 19;

    private readonly Span<byte> _buffer = buffer;
    private int _length;

    /// <summary>Bytes that the buffer needs for so many destinations.</summary>
    public static int BytesMax(int places) => 1 + NumberBytesMax + (PlaceBytesMax * Math.Min(places, PlacesMax));

    /// <summary>Length of the text for so many destinations, at most: 3,768 bytes.</summary>
    public static int TextBytesMax(int places) => IdBytesMax + 1 + Base64Url.GetEncodedLength(BytesMax(places));

    /// <summary>Begins.</summary>
    /// <param name="baseId">What is not named was seen up to here.</param>
    /// <param name="isComplete">All destinations of the stream are named.</param>
    public void Begin(long baseId, bool isComplete)
    {
        _buffer[0] = (byte)(Version | (isComplete ? CompleteFlag : 0));
        _length = 1;
        Append(id - baseId);
    }

    /// <summary>Names a destination.</summary>
    public void Add(uint destination, long lastId)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[_length..], destination);
        _length += sizeof(uint);
        Append(unchecked(id - lastId));
    }

    /// <summary>Writes the text and returns its length.</summary>
    public readonly int End(Span<byte> destination)
    {
        Utf8Formatter.TryFormat(id, destination, out var at);
        destination[at++] = (byte)'.';
        return at + Base64Url.EncodeToUtf8(_buffer[.._length], destination[at..]);
    }

    internal static bool TryReadNumber(ref ReadOnlySpan<byte> bytes, out long number)
    {
        ulong zigzag = 0;
        for (var i = 0; i < bytes.Length && i < NumberBytesMax; i++)
        {
            zigzag |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                number = (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
                return true;
            }
        }

        number = 0;
        return false;
    }

    private void Append(long number)
    {
        var zigzag = (ulong)((number << 1) ^ (number >> 63));
        while (zigzag >= 0x80)
        {
            _buffer[_length++] = (byte)(zigzag | 0x80);
            zigzag >>= 7;
        }

        _buffer[_length++] = (byte)zigzag;
    }
}
