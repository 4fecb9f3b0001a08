namespace FastPush.Protocol.Stomp;

/// <summary>Reads clients' frames (STOMP 1.2, "STOMP Frames"; the framing of 1.0 and 1.1 is the same).</summary>
public static class FrameReader
{
    /// <summary>
    /// Reads one frame from the start of <paramref name="buffer"/>. Line ends before it (heart-beats, and the line ends that may
    /// follow a frame) are skipped. The answer depends on the bytes alone, never on how they were cut into calls.
    /// </summary>
    /// <param name="scan">Kept by the caller between calls; set to <c>default</c> here on Done.</param>
    /// <param name="buffer">All bytes that were not consumed yet, those of earlier calls first.</param>
    /// <param name="version">Negotiated version: which escapes are legal.</param>
    /// <param name="limits">Sizes.</param>
    /// <param name="frame">
    /// The frame. On Malformed and TooLarge: the command and those header lines before the fault that are legal, so that the
    /// ERROR can name the offender's receipt.
    /// </param>
    /// <param name="consumed">
    /// Done: bytes of the skipped line ends and of the frame. NeedMore: bytes of skipped line ends, which the caller must drop.
    /// Else 0.
    /// </param>
    /// <param name="fault">What was wrong; None on Done and NeedMore.</param>
    public static ParseStatus TryRead(
        scoped ref FrameScan scan,
        ReadOnlySpan<byte> buffer,
        StompVersion version,
        ProtocolLimits limits,
        out StompFrame frame,
        out int consumed,
        out ProtocolFault fault)
    {
        frame = default;
        consumed = 0;
        int skipped = 0;
        if (!scan.Begun)
        {
            ParseStatus between = SkipLineEnds(buffer, out skipped, out fault);
            if (between != ParseStatus.Done)
            {
                consumed = between == ParseStatus.NeedMore ? skipped : 0;
                return between;
            }

            scan.Begun = true;
            buffer = buffer[skipped..];
        }

        ParseStatus status = ParseStatus.Done;
        fault = ProtocolFault.None;
        if (scan.BodyStart == 0)
        {
            status = HeadReader.TryRead(ref scan, buffer, version, limits, out fault);
        }

        int bodyBytes = 0;
        if (status == ParseStatus.Done)
        {
            status = FindBodyEnd(ref scan, buffer, limits, out bodyBytes, out fault);
        }

        switch (status)
        {
            case ParseStatus.Done:
                frame = new StompFrame(
                    scan.Command,
                    buffer[scan.HeadersStart..scan.HeadersEnd],
                    scan.HeaderCount,
                    scan.Names,
                    buffer.Slice(scan.BodyStart, bodyBytes));
                consumed = skipped + scan.BodyStart + bodyBytes + 1;
                scan = default;
                break;
            case ParseStatus.NeedMore:
                consumed = skipped;
                break;
            default:
                frame = HeadReader.LegalPart(scan, buffer, version);
                break;
        }

        return status;
    }

    // EOL = [CR] LF
    private static ParseStatus SkipLineEnds(ReadOnlySpan<byte> buffer, out int skipped, out ProtocolFault fault)
    {
        fault = ProtocolFault.None;
        skipped = 0;
        while (skipped < buffer.Length)
        {
            if (buffer[skipped] == (byte)'\n')
            {
                skipped++;
            }
            else if (buffer[skipped] != (byte)'\r')
            {
                return ParseStatus.Done;
            }
            else if (skipped + 1 == buffer.Length)
            {
                return ParseStatus.NeedMore;
            }
            else if (buffer[skipped + 1] == (byte)'\n')
            {
                skipped += 2;
            }
            else
            {
                fault = ProtocolFault.StrayCarriageReturn;
                return ParseStatus.Malformed;
            }
        }

        return ParseStatus.NeedMore;
    }

    // frame = command EOL *( header EOL ) EOL *OCTET NULL *( EOL ); with content-length the octets may hold NUL. "Only the SEND, MESSAGE,
    // and ERROR frames MAY have a body" (STOMP 1.2, "Body").
    private static ParseStatus FindBodyEnd(
        scoped ref FrameScan scan, ReadOnlySpan<byte> frame, ProtocolLimits limits, out int bodyBytes, out ProtocolFault fault)
    {
        fault = ProtocolFault.None;
        bodyBytes = 0;
        int arrived = frame.Length - scan.BodyStart;
        if (scan.Command != StompCommand.Send)
        {
            // No bytes are waited for, whatever a content-length says: they would be taken from the next frame.
            if (arrived > 0 && frame[scan.BodyStart] != 0)
            {
                fault = ProtocolFault.BodyNotAllowed;
                return ParseStatus.Malformed;
            }

            return arrived > 0 ? ParseStatus.Done : ParseStatus.NeedMore;
        }

        if (scan.HasContentLength)
        {
            bodyBytes = scan.ContentLength;
            if (bodyBytes > limits.FrameBytes)
            {
                fault = ProtocolFault.BodyTooLarge;
                return ParseStatus.TooLarge;
            }

            if (arrived <= bodyBytes)
            {
                return ParseStatus.NeedMore;
            }

            if (frame[scan.BodyStart + bodyBytes] != 0)
            {
                fault = ProtocolFault.MissingNul;
                return ParseStatus.Malformed;
            }

            return ParseStatus.Done;
        }

        int nul = frame[scan.Searched..].IndexOf((byte)0);
        bodyBytes = nul < 0 ? arrived : scan.Searched + nul - scan.BodyStart;
        if (bodyBytes > limits.FrameBytes)
        {
            fault = ProtocolFault.BodyTooLarge;
            return ParseStatus.TooLarge;
        }

        scan.Searched = frame.Length;
        return nul < 0 ? ParseStatus.NeedMore : ParseStatus.Done;
    }
}
