using System.Buffers.Text;

namespace FastPush.Load.Wire;

/// <summary>Commands that a server sends.</summary>
internal enum ServerCommand
{
    Other,
    Connected,
    Message,
    Receipt,
    Error,
}

/// <summary>One frame of a server (STOMP 1.2), as far as a load client needs it. Lives as long as the bytes it was read from.</summary>
internal ref struct StompFrame
{
    public ServerCommand Command;
    public ReadOnlySpan<byte> Subscription;
    public ReadOnlySpan<byte> Ack;
    public ReadOnlySpan<byte> Message;
    public ReadOnlySpan<byte> Body;

    /// <summary>
    /// Reads the frame at the start of <paramref name="bytes"/>. Returns how long it is with its NUL, 0 when its end is not there
    /// yet, -1 when it is none.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> bytes, out StompFrame frame)
    {
        frame = default;
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
        {
            return 0;
        }

        frame.Command = CommandOf(Trim(bytes[..end]));
        var at = end + 1;
        var length = -1;
        while (true)
        {
            end = bytes[at..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return 0;
            }

            var line = Trim(bytes.Slice(at, end));
            at += end + 1;
            if (line.IsEmpty)
            {
                break;
            }

            if (!frame.TakeHeader(line, ref length))
            {
                return -1;
            }
        }

        if (length < 0)
        {
            length = bytes[at..].IndexOf((byte)0);
            if (length < 0)
            {
                return 0;
            }
        }

        if (bytes.Length - at <= length)
        {
            return 0;
        }

        frame.Body = bytes.Slice(at, length);
        return bytes[at + length] == 0 ? at + length + 1 : -1;
    }

    private bool TakeHeader(ReadOnlySpan<byte> line, ref int length)
    {
        // The first letter tells the few that matter from the many that do not.
        switch (line[0])
        {
            case (byte)'a' when line.StartsWith("ack:"u8):
                Ack = line[4..];
                break;
            case (byte)'c' when line.StartsWith("content-length:"u8):
                return Utf8Parser.TryParse(line[15..], out length, out var used) && used == line.Length - 15 && length >= 0;
            case (byte)'m' when line.StartsWith("message:"u8):
                Message = line[8..];
                break;
            case (byte)'s' when line.StartsWith("subscription:"u8):
                Subscription = line[13..];
                break;
            default:
                break;
        }

        return true;
    }

    private static ServerCommand CommandOf(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("MESSAGE"u8) ? ServerCommand.Message
        : word.SequenceEqual("RECEIPT"u8) ? ServerCommand.Receipt
        : word.SequenceEqual("CONNECTED"u8) ? ServerCommand.Connected
        : word.SequenceEqual("ERROR"u8) ? ServerCommand.Error
        : ServerCommand.Other;

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.EndsWith("\r"u8) ? line[..^1] : line;
}
