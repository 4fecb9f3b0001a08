namespace FastPush.Protocol.Stomp;

/// <summary>Reads the command line of a client's frame.</summary>
internal static class CommandReader
{
    // The longest is UNSUBSCRIBE; two more for its CRLF.
    private const int LineBytesMax = 11 + 2;

    private static ReadOnlySpan<byte> AllCommands =>
        "CONNECT STOMP SEND SUBSCRIBE UNSUBSCRIBE ACK NACK BEGIN COMMIT ABORT DISCONNECT"u8;

    /// <summary>The client's command of that name, or <see cref="StompCommand.Unknown"/>.</summary>
    public static StompCommand Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 => Match(name, "ACK"u8, StompCommand.Ack),
        4 => name[0] == (byte)'S' ? Match(name, "SEND"u8, StompCommand.Send) : Match(name, "NACK"u8, StompCommand.Nack),
        5 => name[0] switch
        {
            (byte)'S' => Match(name, "STOMP"u8, StompCommand.Stomp),
            (byte)'B' => Match(name, "BEGIN"u8, StompCommand.Begin),
            _ => Match(name, "ABORT"u8, StompCommand.Abort),
        },
        6 => Match(name, "COMMIT"u8, StompCommand.Commit),
        7 => Match(name, "CONNECT"u8, StompCommand.Connect),
        9 => Match(name, "SUBSCRIBE"u8, StompCommand.Subscribe),
        10 => Match(name, "DISCONNECT"u8, StompCommand.Disconnect),
        11 => Match(name, "UNSUBSCRIBE"u8, StompCommand.Unsubscribe),
        _ => StompCommand.Unknown,
    };

    // client-command = "SEND" | "SUBSCRIBE" | ... ; command EOL (STOMP 1.2, "Augmented BNF")
    public static ParseStatus TryRead(
        ReadOnlySpan<byte> frame, int lineBytesMax, out StompCommand command, out int lineBytes, out ProtocolFault fault)
    {
        fault = ProtocolFault.None;
        lineBytes = 0;
        int end = frame[..Math.Min(frame.Length, LineBytesMax)].IndexOf((byte)'\n');
        if (end > 0)
        {
            int length = frame[end - 1] == (byte)'\r' ? end - 1 : end;
            command = Parse(frame[..length]);
            if (command != StompCommand.Unknown && length <= lineBytesMax)
            {
                lineBytes = end + 1;
                return ParseStatus.Done;
            }
        }

        command = StompCommand.Unknown;
        fault = FaultOf(frame, lineBytesMax);
        return fault switch
        {
            ProtocolFault.None => ParseStatus.NeedMore,
            ProtocolFault.CommandLineTooLong => ParseStatus.TooLarge,
            _ => ParseStatus.Malformed,
        };
    }

    // Only the octets up to the first that no command continues with decide, so later ones cannot change the answer.
    private static ProtocolFault FaultOf(ReadOnlySpan<byte> frame, int lineBytesMax)
    {
        int common = 0;
        ReadOnlySpan<byte> all = AllCommands;
        foreach (Range range in all.Split((byte)' '))
        {
            common = Math.Max(common, all[range].CommonPrefixLength(frame));
        }

        if (common > lineBytesMax)
        {
            return ProtocolFault.CommandLineTooLong;
        }

        if (common == frame.Length)
        {
            return ProtocolFault.None;
        }

        if (frame[common] != (byte)'\r' || Parse(frame[..common]) == StompCommand.Unknown)
        {
            return ProtocolFault.UnknownCommand;
        }

        return common + 1 == frame.Length ? ProtocolFault.None : ProtocolFault.StrayCarriageReturn;
    }

    private static StompCommand Match(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known, StompCommand value) =>
        name.SequenceEqual(known) ? value : StompCommand.Unknown;
}
