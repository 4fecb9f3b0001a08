using System.Buffers.Binary;
using System.Text;

namespace FastPush.Redis.Testing;

/// <summary>
/// What a client sees: a STOMP frame, or under the names CLOSE, PONG and BEAT what is no STOMP frame. Read by rules of its own, not by
/// the readers under test.
/// </summary>
public sealed record ServerFrame(string Command, Dictionary<string, string> Headers, string Body)
{
    private const int Close = 8;
    private const int Pong = 10;

    /// <summary>The close frame's code.</summary>
    public int Code { get; private init; }

    /// <summary>It came in a WebSocket binary message.</summary>
    public bool IsBinary { get; private init; }

    public string this[string header] => Headers.TryGetValue(header, out var value) ? value : "";

    public static List<ServerFrame> ReadAll(ReadOnlySpan<byte> bytes, out int consumed)
    {
        var frames = new List<ServerFrame>();
        consumed = 0;
        while (TryRead(bytes[consumed..], out var frame, out var used))
        {
            frames.Add(frame!);
            consumed += used;
        }

        return frames;
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out ServerFrame? frame, out int used)
    {
        frame = null;
        used = 0;
        if (bytes.Length < 2)
        {
            return false;
        }

        long length = bytes[1];
        var head = 2;
        if (length == 126 && bytes.Length >= 4)
        {
            (length, head) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 4);
        }
        else if (length == 127 && bytes.Length >= 10)
        {
            (length, head) = (BinaryPrimitives.ReadInt64BigEndian(bytes[2..]), 10);
        }
        else if (length >= 126)
        {
            return false;
        }

        if (bytes.Length < head + length)
        {
            return false;
        }

        Check((bytes[0] & 0xF0) == 0x80, "not a whole message without reserved bits");
        frame = Read(bytes[0] & 15, bytes.Slice(head, (int)length));
        used = head + (int)length;
        return true;
    }

    /// <summary>The frame in a message that a WebSocket library has received.</summary>
    public static ServerFrame OfMessage(ReadOnlySpan<byte> payload, bool isBinary = false) => Read(isBinary ? 2 : 1, payload);

    private static ServerFrame Read(int opcode, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case Close:
                var code = payload.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(payload);
                return new ServerFrame("CLOSE", [], payload.Length < 2 ? "" : Encoding.UTF8.GetString(payload[2..])) { Code = code };
            case Pong:
                return new ServerFrame("PONG", [], Encoding.UTF8.GetString(payload));
            default:
                return payload.SequenceEqual("\n"u8)
                    ? new ServerFrame("BEAT", [], "")
                    : ReadStomp(payload) with { IsBinary = opcode == 2 };
        }
    }

    private static ServerFrame ReadStomp(ReadOnlySpan<byte> payload)
    {
        var end = payload.IndexOf("\n\n"u8);
        Check(end > 0, "a frame without an empty line");
        Check(payload[^1] == 0, "a frame without its NUL");
        var lines = Encoding.UTF8.GetString(payload[..end]).Split('\n');
        var headers = new Dictionary<string, string>();
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.TryAdd(line[..colon], line[(colon + 1)..]);
        }

        var body = payload[(end + 2)..^1];
        if (headers.TryGetValue("content-length", out var length))
        {
            var announced = int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
            Check(announced == body.Length, $"content-length {length} with {body.Length} bytes");
        }

        return new ServerFrame(lines[0], headers, Encoding.UTF8.GetString(body));
    }

    private static void Check(bool good, string fault)
    {
        if (!good)
        {
            throw new InvalidDataException(fault);
        }
    }
}
