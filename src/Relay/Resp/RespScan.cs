using System.Buffers;
using FastPush.Protocol;

namespace FastPush.Relay.Resp;

/// <summary>
/// Finds the end of a RESP3 frame (one reply, or one push) in bytes that arrive in any pieces. Keeps how far it came, so no
/// element is read twice. It counts elements instead of nesting calls, so no input can exhaust the stack.
/// </summary>
internal struct RespScan
{
    // "_" CR LF is the shortest element, so a frame of n bytes cannot hold more than n / 3.
    private const int ElementBytesMin = 3;

    /// <summary>Bytes of the frame that were read; all elements before this offset are whole.</summary>
    private long _offset;

    /// <summary>Elements that still have to follow until the frame is whole; 0 before its first.</summary>
    private long _pending;

    /// <summary>Content of a bulk string that begins at <see cref="_offset"/>, with its CR LF; 0 if an element's line comes next.</summary>
    private long _bulk;

    /// <summary>
    /// Looks for one frame at the start of <paramref name="buffer"/>, which must begin with the same byte until this says Done.
    /// TooLarge is said before the excess has to be buffered.
    /// </summary>
    /// <param name="buffer">What has arrived.</param>
    /// <param name="bytesMax">A frame may have so many bytes.</param>
    /// <param name="length">Bytes of the frame; 0 unless Done.</param>
    public ParseStatus TryRead(in ReadOnlySequence<byte> buffer, long bytesMax, out long length)
    {
        length = 0;
        // Without this each piece of a large bulk string would cost a walk over all segments.
        if (buffer.Length < _offset + _bulk)
        {
            return ParseStatus.NeedMore;
        }

        var reader = new SequenceReader<byte>(buffer);
        reader.Advance(_offset);
        if (_pending == 0)
        {
            _pending = 1;
        }

        while (_pending > 0)
        {
            var status = _bulk > 0 ? ReadContent(ref reader) : ReadElement(ref reader, bytesMax);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            _offset = reader.Consumed;
            if (_offset + _bulk > bytesMax || _pending > (bytesMax - _offset) / ElementBytesMin + 1)
            {
                return ParseStatus.TooLarge;
            }
        }

        length = _offset;
        this = default;
        return ParseStatus.Done;
    }

    private ParseStatus ReadElement(ref SequenceReader<byte> reader, long bytesMax)
    {
        var status = RespLine.TryRead(ref reader, out var line);
        if (status != ParseStatus.Done)
        {
            return status;
        }

        if (line.Number > bytesMax && (line.IsBulk || line.IsAggregate))
        {
            return ParseStatus.TooLarge;
        }

        if (line.IsBulk && line.Number >= 0)
        {
            _bulk = line.Number + 2;
        }
        else if (line.IsAggregate && line.Number >= 0)
        {
            // An attribute does not stand for the element that was waited for.
            _pending += line.Number - (line.Type == RespType.Attribute ? 0 : 1);
        }
        else
        {
            _pending--;
        }

        return ParseStatus.Done;
    }

    private ParseStatus ReadContent(ref SequenceReader<byte> reader)
    {
        if (reader.Remaining < _bulk)
        {
            return ParseStatus.NeedMore;
        }

        reader.Advance(_bulk - 2);
        if (!reader.IsNext("\r\n"u8, advancePast: true))
        {
            return ParseStatus.Malformed;
        }

        _bulk = 0;
        _pending--;
        return ParseStatus.Done;
    }
}
