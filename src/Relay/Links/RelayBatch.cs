using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Pipelines;

namespace FastPush.Relay.Links;

/// <summary>
/// Messages for one channel that travel as one payload: a version byte, then for each message its length (32 bits, little endian)
/// and its bytes. Owned by one place at a time: its lane, the connection's list of replies to come, or the pool.
/// </summary>
/// <param name="buffer">At least <paramref name="size"/> bytes.</param>
/// <param name="size">Bytes of it that may be used, which is what the bounds count.</param>
internal sealed class RelayBatch(byte[] buffer, int size)
{
    public const byte Version = 1;

    /// <summary>Bytes of the payload before its first message.</summary>
    public const int HeadBytes = 1;

    /// <summary>Bytes in front of each message.</summary>
    public const int LengthBytes = 4;

    public byte[] Buffer { get; private set; } = buffer;

    public int Size { get; private set; } = size;

    /// <summary>Bytes of the payload.</summary>
    public int Length { get; private set; }

    /// <summary>Messages in it.</summary>
    public int Count { get; private set; }

    /// <summary>Where it goes; set as long as it is not in the pool.</summary>
    public RelayLane? Lane { get; private set; }

    /// <summary>It was taken to be sent, and is not settled or taken back since.</summary>
    public bool IsInFlight { get; set; }

    /// <summary>How often a cluster said that it was sent to the wrong server.</summary>
    public int Redirects { get; set; }

    /// <summary>The next batch of the list that this one is in.</summary>
    public RelayBatch? Next { get; set; }

    public ReadOnlySpan<byte> Payload => Buffer.AsSpan(0, Length);

    public bool HasRoom(int messageBytes) => Size - Length - LengthBytes >= messageBytes;

    public void Begin(RelayLane lane)
    {
        Lane = lane;
        Buffer[0] = Version;
        Length = HeadBytes;
        Count = 0;
        Redirects = 0;
    }

    public void Add(ReadOnlySpan<byte> message)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer.AsSpan(Length), (uint)message.Length);
        message.CopyTo(Buffer.AsSpan(Length + LengthBytes));
        Length += LengthBytes + message.Length;
        Count++;
    }

    /// <summary>The message whose length stands at this offset of the payload.</summary>
    public ReadOnlySpan<byte> MessageAt(int offset) =>
        Buffer.AsSpan(offset + LengthBytes, (int)BinaryPrimitives.ReadUInt32LittleEndian(Buffer.AsSpan(offset)));

    /// <summary>Writes the command that publishes it, whose words before the payload are <paramref name="head"/>.</summary>
    public void WriteTo(PipeWriter output, ReadOnlySpan<byte> head)
    {
        Span<byte> digits = stackalloc byte[16];
        Utf8Formatter.TryFormat(Length, digits, out var count);
        output.Write(head);
        output.Write("$"u8);
        output.Write(digits[..count]);
        output.Write("\r\n"u8);
        output.Write(Payload);
        output.Write("\r\n"u8);
    }

    /// <summary>Goes on, with its content, in the larger buffer of an unused batch, which gets this one's.</summary>
    public void SwapBuffers(RelayBatch unused)
    {
        Payload.CopyTo(unused.Buffer);
        (Buffer, unused.Buffer) = (unused.Buffer, Buffer);
        (Size, unused.Size) = (unused.Size, Size);
    }

    /// <summary>The batch is of no use before the next <see cref="Begin"/>.</summary>
    public void End()
    {
        Lane = null;
        Next = null;
    }
}
