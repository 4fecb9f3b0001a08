using System.Buffers;
using System.Text;
using FastPush.Protocol;

namespace FastPush.Relay.Resp;

/// <summary>
/// Reads the elements of one whole RESP3 frame, depth first, as <see cref="RespScan"/> found it. Points into the frame and
/// allocates nothing, except for <see cref="Text"/>.
/// </summary>
internal ref struct RespReader(in ReadOnlySequence<byte> frame)
{
    private const int TextBytesMax = 512;

    private SequenceReader<byte> _reader = new(frame);

    /// <summary>Of the element that was read last.</summary>
    public RespType Type { get; private set; }

    /// <summary>Its value or its number of children, see <see cref="RespLine.Number"/>.</summary>
    public long Number { get; private set; }

    /// <summary>Content of a string, an error or a number; empty for others.</summary>
    public ReadOnlySequence<byte> Bytes { get; private set; }

    public readonly bool IsError => Type is RespType.SimpleError or RespType.BulkError;

    public readonly bool IsString => Type is RespType.SimpleString or RespType.BulkString or RespType.VerbatimString;

    /// <summary>Reads the next element: of an aggregate only its beginning, its children come next.</summary>
    public void Read()
    {
        ReadOne();
        while (Type == RespType.Attribute)
        {
            SkipElements(Number);
            ReadOne();
        }
    }

    /// <summary>Passes over the next element with all that belongs to it.</summary>
    public void Skip() => SkipElements(1);

    public readonly bool Is(ReadOnlySpan<byte> text) => Bytes.IsSingleSegment
        ? Bytes.FirstSpan.SequenceEqual(text)
        : Bytes.Length == text.Length && new SequenceReader<byte>(Bytes).IsNext(text);

    /// <summary>The content for people, cut after some hundred bytes.</summary>
    public readonly string Text() =>
        Encoding.UTF8.GetString(Bytes.Length > TextBytesMax ? Bytes.Slice(0, TextBytesMax) : Bytes);

    private void SkipElements(long count)
    {
        for (var pending = count; pending > 0; pending--)
        {
            ReadOne();
            if (Type is RespType.Array or RespType.Map or RespType.Set or RespType.Push && Number > 0)
            {
                pending += Number;
            }
            else if (Type == RespType.Attribute)
            {
                pending += Number + 1;
            }
        }
    }

    private void ReadOne()
    {
        if (RespLine.TryRead(ref _reader, out var line) != ParseStatus.Done)
        {
            throw new InvalidOperationException("Read past the end of a RESP frame.");
        }

        Type = line.Number < 0 && (line.IsBulk || line.IsAggregate) ? RespType.Null : line.Type;
        Number = line.Number;
        Bytes = line.Text;
        if (line.IsBulk && line.Number >= 0)
        {
            Bytes = _reader.UnreadSequence.Slice(0, line.Number);
            _reader.Advance(line.Number + 2);
        }
        else if (line.IsAggregate)
        {
            Bytes = default;
        }
    }
}
