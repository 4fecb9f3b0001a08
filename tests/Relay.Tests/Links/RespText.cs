using System.Buffers;
using System.Globalization;
using System.Text;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Tests.Links;

/// <summary>Frames in words, and bytes in segments.</summary>
internal static class RespText
{
    /// <summary>All elements of one frame, such as <c>push[message|push:relay:1:0|abc]</c>.</summary>
    public static string Describe(in ReadOnlySequence<byte> frame)
    {
        var reader = new RespReader(frame);
        return Describe(ref reader);
    }

    /// <summary>The bytes in segments of at most so many.</summary>
    public static ReadOnlySequence<byte> Segmented(ReadOnlySpan<byte> bytes, int segmentBytes)
    {
        var first = new Segment(bytes[..Math.Min(segmentBytes, bytes.Length)].ToArray(), 0);
        var last = first;
        for (var offset = segmentBytes; offset < bytes.Length; offset += segmentBytes)
        {
            last = last.Append(bytes.Slice(offset, Math.Min(segmentBytes, bytes.Length - offset)).ToArray());
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static string Describe(ref RespReader reader)
    {
        reader.Read();
        return reader.Type switch
        {
            RespType.Array or RespType.Set or RespType.Push or RespType.Map => $"{reader.Type}[{Children(ref reader)}]".ToLowerInvariant(),
            RespType.Integer or RespType.Boolean => string.Create(CultureInfo.InvariantCulture, $"{reader.Type}:{reader.Number}"),
            RespType.Null => "null",
            RespType.BulkString => Encoding.Latin1.GetString(reader.Bytes),
            _ => $"{reader.Type}:{Encoding.Latin1.GetString(reader.Bytes)}",
        };
    }

    private static string Children(ref RespReader reader)
    {
        var children = new List<string>();
        for (var left = reader.Number; left > 0; left--)
        {
            children.Add(Describe(ref reader));
        }

        return string.Join('|', children);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long index)
        {
            Memory = bytes;
            RunningIndex = index;
        }

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
