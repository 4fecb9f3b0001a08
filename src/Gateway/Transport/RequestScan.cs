using System.Buffers;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Handshake;

namespace FastPush.Gateway.Transport;

/// <summary>What <see cref="RequestScan"/> has found.</summary>
internal enum ScanResult : byte
{
    /// <summary>All bytes are the HTTP server's.</summary>
    Http,

    /// <summary>Behind what was scanned is the beginning of what may become an upgrade.</summary>
    NeedMore,

    /// <summary>Behind what was scanned is an upgrade of <c>/stomp</c>, whole or past its limits.</summary>
    Upgrade,

    /// <summary>It is not known where requests end; all that comes is the HTTP server's.</summary>
    Lost,
}

/// <summary>
/// Follows the requests of a connection that the HTTP server reads, until one is an upgrade. Looks at heads and the sizes of chunks;
/// bodies are only counted.
/// </summary>
internal struct RequestScan(ProtocolLimits limits)
{
    // A cut line that lies in several segments is put together to be read; one so long is over the HTTP server's limits.
    private const int LineBytesMax = 64 << 10;

    private RequestBoundary _boundary;

    /// <summary>
    /// Reads on. What is behind <paramref name="scanned"/> must be there again in the next call: a line that is cut off, or a head.
    /// </summary>
    public ScanResult Read(in ReadOnlySequence<byte> bytes, out long scanned)
    {
        var rest = bytes;
        var result = ScanResult.Http;
        while (!rest.IsEmpty && result == ScanResult.Http)
        {
            if (_boundary.IsBetween)
            {
                var status = _boundary.SkipEmptyLines(rest.FirstSpan, out var skipped);
                rest = rest.Slice(skipped);
                result = status == ParseStatus.Done ? Look(rest) : status == ParseStatus.NeedMore ? ScanResult.Http : ScanResult.Lost;
                if (status != ParseStatus.Done || result != ScanResult.Http)
                {
                    continue;
                }
            }

            var consumed = ReadRequest(rest, out var isLost);
            rest = rest.Slice(consumed);
            if (isLost)
            {
                result = ScanResult.Lost;
            }
            else if (consumed == 0)
            {
                break; // A line that is cut off.
            }
        }

        scanned = bytes.Length - rest.Length;
        return result;
    }

    private readonly ScanResult Look(in ReadOnlySequence<byte> bytes)
    {
        var kind = UpgradeSniffer.Classify(bytes.FirstSpan);
        if (kind == RequestKind.Other)
        {
            return ScanResult.Http;
        }

        if (bytes.IsSingleSegment)
        {
            return Look(bytes.FirstSpan);
        }

        var joined = Join(bytes, limits.UpgradeHeadBytes + 1, out var length);
        var result = Look(joined.AsSpan(0, length));
        BytePool.Return(joined);
        return result;
    }

    private readonly ScanResult Look(ReadOnlySpan<byte> bytes)
    {
        var kind = UpgradeSniffer.Classify(bytes);
        if (kind != RequestKind.Stomp)
        {
            return kind == RequestKind.Other ? ScanResult.Http : ScanResult.NeedMore;
        }

        return UpgradeRequest.TryRead(bytes, limits, out var request, out _, out _) switch
        {
            ParseStatus.NeedMore => ScanResult.NeedMore,
            ParseStatus.Done when !request.IsWebSocketUpgrade => ScanResult.Http,
            _ => ScanResult.Upgrade,
        };
    }

    // Bytes of a request that were taken: at least one, unless a line is cut off.
    private long ReadRequest(in ReadOnlySequence<byte> bytes, out bool isLost)
    {
        isLost = _boundary.Read(bytes.FirstSpan, out var consumed) == ParseStatus.Malformed;
        if (isLost || consumed > 0 || bytes.IsSingleSegment)
        {
            return consumed;
        }

        var joined = Join(bytes, LineBytesMax, out var length);
        isLost = _boundary.Read(joined.AsSpan(0, length), out consumed) == ParseStatus.Malformed;
        BytePool.Return(joined);
        isLost |= consumed == 0 && length == LineBytesMax;
        return consumed;
    }

    private static byte[] Join(in ReadOnlySequence<byte> bytes, int bytesMax, out int length)
    {
        length = (int)Math.Min(bytes.Length, bytesMax);
        var joined = BytePool.Rent(length);
        bytes.Slice(0, length).CopyTo(joined);
        return joined;
    }
}
