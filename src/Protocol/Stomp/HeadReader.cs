using System.Text.Unicode;

namespace FastPush.Protocol.Stomp;

/// <summary>Reads a frame's head: the command line and the header lines up to the empty one.</summary>
internal static class HeadReader
{
    /// <summary>Goes on where <paramref name="scan"/> stopped. Done: the head's offsets are in the scan and its lines are legal.</summary>
    public static ParseStatus TryRead(
        scoped ref FrameScan scan, ReadOnlySpan<byte> frame, StompVersion version, ProtocolLimits limits, out ProtocolFault fault)
    {
        if (scan.HeadersStart == 0)
        {
            ParseStatus status = CommandReader.TryRead(
                frame, limits.HeaderLineBytes, out StompCommand command, out int lineBytes, out fault);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            scan.Command = command;
            scan.HeadersStart = scan.LineStart = scan.Searched = lineBytes;
        }

        while (true)
        {
            ParseStatus status = FindLineEnd(ref scan, frame, limits, out int length, out int next, out fault);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            if (length == 0)
            {
                scan.HeadersEnd = scan.LineStart;
                scan.LineStart = scan.Searched = scan.BodyStart = next;
                fault = CheckLines(frame[scan.HeadersStart..scan.HeadersEnd], EscapesOf(scan.Command, version));
                return fault == ProtocolFault.None ? ParseStatus.Done : ParseStatus.Malformed;
            }

            if (scan.HeaderCount == limits.Headers)
            {
                fault = ProtocolFault.TooManyHeaders;
                return ParseStatus.TooLarge;
            }

            fault = ReadLine(ref scan, frame.Slice(scan.LineStart, length));
            if (fault != ProtocolFault.None)
            {
                return ParseStatus.Malformed;
            }

            scan.HeaderCount++;
            scan.LineStart = scan.Searched = next;
        }
    }

    /// <summary>The command and the leading header lines that were read whole and are legal; for the answer to a fault.</summary>
    public static StompFrame LegalPart(scoped in FrameScan scan, ReadOnlySpan<byte> frame, StompVersion version)
    {
        if (scan.HeadersStart == 0)
        {
            return default;
        }

        ReadOnlySpan<byte> lines = frame[scan.HeadersStart..(scan.BodyStart > 0 ? scan.HeadersEnd : scan.LineStart)];
        StompVersion escapes = EscapesOf(scan.Command, version);
        int legalBytes = 0;
        int count = 0;
        while (legalBytes < lines.Length)
        {
            int end = legalBytes + lines[legalBytes..].IndexOf((byte)'\n') + 1;
            if (CheckLines(lines[legalBytes..end], escapes) != ProtocolFault.None)
            {
                break;
            }

            legalBytes = end;
            count++;
        }

        return new StompFrame(scan.Command, lines[..legalBytes], count, scan.Names, default);
    }

    // The first octet that decides comes first: one past the limit, a NUL, or the octet after a CR.
    private static ParseStatus FindLineEnd(
        scoped ref FrameScan scan, ReadOnlySpan<byte> frame, ProtocolLimits limits, out int length, out int next, out ProtocolFault fault)
    {
        fault = ProtocolFault.None;
        next = 0;
        int stop = frame[scan.Searched..].IndexOfAny((byte)'\n', (byte)'\r', (byte)0);
        int at = stop < 0 ? frame.Length : scan.Searched + stop;
        length = at - scan.LineStart;
        int headBytesLeft = limits.HeadBytes - scan.LineStart;
        if (length > Math.Min(limits.HeaderLineBytes, headBytesLeft))
        {
            fault = headBytesLeft < limits.HeaderLineBytes ? ProtocolFault.HeadTooLong : ProtocolFault.HeaderLineTooLong;
            return ParseStatus.TooLarge;
        }

        scan.Searched = at;
        if (stop < 0)
        {
            return ParseStatus.NeedMore;
        }

        switch (frame[at])
        {
            case (byte)'\n':
                next = at + 1;
                return ParseStatus.Done;
            case 0:
                fault = ProtocolFault.ControlInHeader;
                return ParseStatus.Malformed;
        }

        if (at + 1 == frame.Length)
        {
            return ParseStatus.NeedMore;
        }

        if (frame[at + 1] != (byte)'\n')
        {
            fault = ProtocolFault.StrayCarriageReturn;
            return ParseStatus.Malformed;
        }

        next = at + 2;
        return ParseStatus.Done;
    }

    // header = header-name ":" header-value. A colon in the value is let pass: many clients leave it unescaped.
    private static ProtocolFault ReadLine(ref FrameScan scan, ReadOnlySpan<byte> line)
    {
        int colon = ShortText.IndexOf(line, (byte)':');
        if (colon <= 0)
        {
            return colon < 0 ? ProtocolFault.HeaderWithoutColon : ProtocolFault.EmptyHeaderName;
        }

        HeaderName name = HeaderNames.Parse(line[..colon]);
        scan.Names |= 1u << (int)name;
        if (name == HeaderName.ContentLength && !scan.HasContentLength && scan.Command == StompCommand.Send)
        {
            if (!TryParseLength(line[(colon + 1)..], out scan.ContentLength))
            {
                return ProtocolFault.BadContentLength;
            }

            scan.HasContentLength = true;
        }

        return ProtocolFault.None;
    }

    // Digits beyond an int are still a legal number; it stays at the largest int, which is over every limit's use.
    private static bool TryParseLength(ReadOnlySpan<byte> digits, out int length)
    {
        long value = 0;
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                length = 0;
                return false;
            }

            value = Math.Min((value * 10) + digit - '0', int.MaxValue);
        }

        length = (int)value;
        return !digits.IsEmpty;
    }

    // "CONNECT and CONNECTED frames do not escape", and STOMP is read as CONNECT (STOMP 1.2, "Value Encoding").
    private static StompVersion EscapesOf(StompCommand command, StompVersion version) =>
        command is StompCommand.Connect or StompCommand.Stomp ? StompVersion.V10 : version;

    private static ProtocolFault CheckLines(ReadOnlySpan<byte> lines, StompVersion escapes)
    {
        if (!HeaderText.EscapesAreLegal(lines, escapes))
        {
            return ProtocolFault.BadEscape;
        }

        return Utf8.IsValid(lines) ? ProtocolFault.None : ProtocolFault.HeaderNotUtf8;
    }
}
