using System.Globalization;
using System.Text.Unicode;
using FastPush.Gateway.Links;

namespace FastPush.Gateway.Tests.Load;

/// <summary>
/// A client that checks its messages as they come and keeps none: bodies are numbers of a fixed width, which must rise by one. Every
/// delivery takes the same work, so its cost does not blur that of the gateway.
/// </summary>
internal sealed class CountingLink : Link
{
    public const int BodyBytes = 10;

    /// <summary>Messages that came, each the one that was due.</summary>
    public int Messages { get; private set; }

    /// <summary>What came instead of the message that was due; null while all is well.</summary>
    public string? Fault { get; private set; }

    /// <summary>The body of the message with this number, from 0 on.</summary>
    public static string Body(int number) => number.ToString("D10", CultureInfo.InvariantCulture);

    // A send holds whole frames: this link never refuses a byte.
    public override int TrySend(ReadOnlySpan<byte> bytes)
    {
        var all = bytes.Length;
        while (!bytes.IsEmpty && Fault is null)
        {
            var head = bytes[1] < 126 ? 2 : 4;
            var length = head == 2 ? bytes[1] : System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            Check(bytes.Slice(head, length));
            bytes = bytes[(head + length)..];
        }

        return all;
    }

    public override void SendWhenWritable(ReadOnlyMemory<byte> rest) => Fault = "the outbox waits for a link that takes everything";

    public override void EndSend() => Fault ??= "the gateway ended the connection";

    public override void Abort() => Fault ??= "the gateway aborted the connection";

    private void Check(ReadOnlySpan<byte> frame)
    {
        if (frame.StartsWith("CONNECTED"u8))
        {
            return;
        }

        Span<byte> due = stackalloc byte[BodyBytes + 1];
        due.Clear();
        Utf8.TryWrite(due, CultureInfo.InvariantCulture, $"{Messages:D10}", out _);
        if (frame.StartsWith("MESSAGE"u8) && frame.EndsWith(due))
        {
            Messages++;
        }
        else
        {
            Fault = $"message {Messages} was due, this came: {System.Text.Encoding.UTF8.GetString(frame)}";
        }
    }
}
